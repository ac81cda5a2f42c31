import { describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import type * as Scope from "effect/Scope"
import { assert } from "vitest"
import * as KubeApiMemory from "../../src/KubeApiMemory.js"
import * as Fault from "../../src/testing/Fault.js"
import type { TestServices } from "../support/holding.js"
import { advanceTo, clearFaults, edit, remove, scenario, takenBy } from "../support/holding.js"
import { acquired, mine, ref, tryAcquire } from "../support/leases.js"
import { countLogged, Logs } from "../support/logs.js"
import { inject, lasting, recordOf } from "../support/processes.js"

const debugging = Logger.withMinimumLogLevel(LogLevel.Debug)

/** What somebody has written around the calls of the service. */
const fromElsewhere = Effect.annotateLogs("request", "of the caller")

const lines = Effect.flatten(Logs)

describe.concurrent("logs", () => {
  const occasions: Record<
    string,
    readonly [Effect.Effect<unknown, unknown, TestServices | Scope.Scope>, ReadonlyArray<string>]
  > = {
    "a term and its release": [
      Effect.scoped(acquired(mine)),
      ["Acquired", "Released"]
    ],
    "an outage of renewals": [
      Effect.scoped(Effect.gen(function*() {
        yield* inject(Fault.serviceUnavailable().pipe(Fault.on("patch"), Fault.times(2)))
        yield* acquired(mine)
        yield* advanceTo(15)
      })),
      ["Acquired", "Cannot renew", "Renewed again", "Released"]
    ],
    "a loss that a renewal finds": [
      Effect.scoped(Effect.gen(function*() {
        yield* acquired(mine)
        yield* edit(takenBy("you"))
        yield* advanceTo(40)
      })),
      ["Acquired", "you has taken it over"]
    ],
    "a loss that the ticker finds": [
      Effect.scoped(Effect.gen(function*() {
        yield* acquired(mine)
        yield* inject(Fault.unsent())
        yield* advanceTo(40)
      })),
      ["Acquired", "Cannot renew", "no renewal"]
    ],
    "a release that fails when a scope closes": [
      Effect.gen(function*() {
        yield* inject(Fault.unsent().pipe(Fault.on("patch")))
        yield* Effect.scoped(acquired(mine)).pipe(lasting("5 seconds"))
        yield* clearFaults
      }),
      ["Acquired", "Cannot release"]
    ],
    "a delete that is refused": [
      Effect.zipRight(inject(Fault.forbidden().pipe(Fault.on("delete"))), Effect.scoped(acquired(mine))),
      ["Acquired", "Released", "the cleared record stays"]
    ],
    "what an abandoned acquire cannot give back": [
      Effect.gen(function*() {
        yield* inject(Fault.answerLost().pipe(Fault.on("create")))
        yield* inject(Fault.forbidden().pipe(Fault.on("get"), Fault.skip(1)))
        yield* Effect.flip(Effect.scoped(tryAcquire(mine))).pipe(lasting("10 seconds"))
        yield* clearFaults
      }),
      ["Cannot give back"]
    ],
    "A2 F39 a Lease that is being deleted": [
      Effect.gen(function*() {
        yield* recordOf({ holderIdentity: "you" }, { finalizers: ["example.com/hold"] })
        yield* remove
        yield* Effect.scoped(tryAcquire(mine))
      }),
      ["is being deleted"]
    ],
    "A2 F43 a name that a term was lost to": [
      Effect.scoped(Effect.gen(function*() {
        yield* acquired(mine)
        yield* edit(takenBy("me"))
        yield* advanceTo(10)
        yield* tryAcquire(mine)
      })),
      ["Acquired", "another process uses the same owner name", "Another process uses this owner name"]
    ],
    "E3 a record of absurd duration, once": [
      Effect.gen(function*() {
        yield* recordOf({ holderIdentity: "you", leaseDurationSeconds: 2 ** 31 - 1 })
        yield* Effect.repeatN(Effect.scoped(tryAcquire(mine)), 2)
      }),
      ["asks for a duration"]
    ]
  }
  for (const [title, [occasion, texts]] of Object.entries(occasions)) {
    scenario(
      `every line says of which lease and owner it is, and nothing of its caller: ${title}`,
      Effect.gen(function*() {
        yield* occasion.pipe(fromElsewhere, debugging)
        const logged = (yield* lines).map(({ annotations, text }) => ({ text, annotations }))
        assert.lengthOf(logged, texts.length, logged.map(({ text }) => text).join())
        for (const [i, { annotations, text }] of logged.entries()) {
          assert.include(text, String(texts[i]))
          assert.include(annotations, { lease: "default/leader", owner: "me" })
        }
      })
    )
  }

  scenario(
    "what goes on after an acquire carries no annotation of its caller",
    Effect.gen(function*() {
      yield* acquired(mine).pipe(fromElsewhere)
      yield* inject(Fault.unsent())
      yield* advanceTo(27)
      const later = (yield* lines).slice(1)
      assert.lengthOf(later, 2)
      for (const { annotations } of later) {
        assert.deepStrictEqual(annotations, { lease: "default/leader", owner: "me" })
      }
    })
  )

  scenario(
    "two leases and owners are told apart, also where one ticker finds both lost",
    Effect.gen(function*() {
      yield* acquired(mine)
      yield* acquired({ ...mine, name: "other", owner: "you" })
      yield* inject(Fault.unsent())
      yield* advanceTo(27)
      const lost = (yield* lines).filter(({ text }) => text.includes("no longer holds"))
      assert.sameDeepMembers(lost.map(({ annotations }) => annotations), [
        { lease: "default/leader", owner: "me" },
        { lease: "default/other", owner: "you" }
      ])
    })
  )

  scenario(
    "R3 an outage is said once when it starts, once when it is over, and a loss of it once",
    Effect.gen(function*() {
      yield* acquired(mine)
      yield* inject(Fault.serviceUnavailable())
      yield* advanceTo(20)
      assert.strictEqual(yield* countLogged("Warning", "Cannot renew"), 1)
      yield* clearFaults
      yield* advanceTo(25)
      assert.strictEqual(yield* countLogged("Info", "Renewed again"), 1)
      yield* inject(Fault.serviceUnavailable())
      yield* advanceTo(90)
      assert.strictEqual(yield* countLogged("Warning", "Cannot renew"), 2)
      assert.strictEqual(yield* countLogged("Info", "Renewed again"), 1)
      assert.strictEqual(yield* countLogged("Warning", "no longer holds"), 1)
      assert.strictEqual((yield* lines).length, 1 + 2 + 2)
    })
  )

  scenario(
    "a term that nothing happens to says nothing",
    Effect.gen(function*() {
      yield* acquired(mine)
      yield* advanceTo(120)
      assert.deepStrictEqual((yield* lines).map(({ text }) => text.replace(/ .*/, "")), ["Acquired"])
    })
  )

  scenario(
    "a logger that throws costs no term and no release",
    Effect.gen(function*() {
      const broken = Logger.replace(
        Logger.defaultLogger,
        Logger.make(() => {
          throw new Error("a logger's bug")
        })
      )
      const server = yield* KubeApiMemory.MemoryServer
      yield* inject(Fault.serviceUnavailable().pipe(Fault.on("patch"), Fault.times(2)))
      const using = yield* Effect.fork(
        Effect.scoped(Effect.gen(function*() {
          const held = yield* acquired(mine)
          yield* Effect.sleep("60 seconds")
          assert.isTrue(yield* held.isHeld)
        })).pipe(Effect.provide(broken))
      )
      yield* advanceTo(60)
      yield* Fiber.join(using)
      assert.strictEqual((yield* Effect.flip(server.get(ref)))._tag, "NotFound")
    })
  )
})
