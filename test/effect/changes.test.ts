import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import { assert } from "vitest"
import type { JsonObject } from "../../src/internal/memory/json.js"
import { LeaseService } from "../../src/LeaseService.js"
import * as Fault from "../../src/testing/Fault.js"
import { Faults } from "../../src/testing/Faults.js"
import { acquired, mine, ref } from "../support/leases.js"
import { inject, lasting, recordOf, scenario, sentBy, server, settle, warnings } from "../support/processes.js"
import { liveHolder, openWatches, patiently } from "../support/waiters.js"

const clearFaults = Effect.flatMap(Faults, ({ clear }) => clear)

const cut = (as: "end" | "Reset") => Effect.flatMap(Faults, ({ cutWatches }) => cutWatches(as))

const held = (owner: string): JsonObject => ({ holderIdentity: owner, leaseDurationSeconds: 30 })

let term = 0

/** A new term, by another client. */
const takenBy = (owner: string) =>
  Effect.zipRight(
    server((server) => server.patch(ref, { spec: { holderIdentity: owner, leaseTransitions: ++term } })),
    settle
  )

/** The owners told so far, `undefined` where there was none. */
const following = Effect.gen(function*() {
  const told: Array<string | undefined> = []
  const { changes } = yield* LeaseService
  const fiber = yield* changes(ref).pipe(
    Stream.runForEach((holder) =>
      Effect.sync(() => told.push(Option.getOrUndefined(Option.map(holder, ({ owner }) => owner))))
    ),
    Effect.forkScoped
  )
  yield* settle
  return { told, fiber }
})

describe("W5 who holds a lease, and from now on", patiently, () => {
  it.effect("W5 nobody at first, then a term, then nobody again: cleared and deleted is one change", () =>
    scenario(Effect.gen(function*() {
      const { told } = yield* following
      assert.deepStrictEqual(told, [undefined])
      const lease = yield* acquired(mine)
      yield* settle
      assert.deepStrictEqual(told, [undefined, "me"])
      yield* lease.release
      yield* settle
      assert.deepStrictEqual(told, [undefined, "me", undefined])
    })))

  it.effect("W5 nobody at first where the record is cleared", () =>
    scenario(Effect.gen(function*() {
      yield* recordOf(held(""))
      const { told } = yield* following
      assert.deepStrictEqual(told, [undefined])
    })))

  it.effect("W5 the present holder at first, with its times, then whoever takes it over", () =>
    scenario(Effect.gen(function*() {
      yield* acquired(mine)
      const { changes } = yield* LeaseService
      const holder = Option.getOrThrow(Option.flatten(yield* Stream.runHead(changes(ref))))
      assert.strictEqual(holder.owner, "me")
      assert.deepStrictEqual(holder.acquireTime, Option.some(0n))
      assert.deepStrictEqual(holder.renewTime, Option.some(0n))
      const { told } = yield* following
      yield* takenBy("you")
      assert.deepStrictEqual(told, ["me", "you"])
    })))

  it.effect("W5 X5 a hand-over, and the term that the successor makes of it", () =>
    scenario(Effect.gen(function*() {
      const lease = yield* acquired(mine)
      const { told } = yield* following
      yield* lease.handOver({ to: "you" })
      yield* settle
      assert.deepStrictEqual(told, ["me", "you"])
      yield* acquired({ ...mine, owner: "you" })
      yield* settle
      assert.deepStrictEqual(told, ["me", "you", "you"])
    })))

  it.effect("W5 a new term of the same owner", () =>
    scenario(Effect.gen(function*() {
      yield* recordOf(held("you"))
      const { told } = yield* following
      yield* takenBy("you")
      assert.deepStrictEqual(told, ["you", "you"])
    })))

  it.effect("W5 no renewal and no label, and asks for nothing while one holds it", () =>
    scenario(Effect.gen(function*() {
      yield* liveHolder
      const { told } = yield* following
      const sent = yield* sentBy(TestClock.adjust("3 minutes"))
      yield* server((server) => server.patch(ref, { metadata: { labels: { some: "label" } } }))
      yield* settle
      assert.deepStrictEqual(told, ["you"])
      assert.deepStrictEqual(sent, [])
    })))

  it.effect("W5 asks for nothing while nothing happens, bookmarks apart", () =>
    scenario(Effect.gen(function*() {
      yield* recordOf(held("you"))
      yield* following
      assert.deepStrictEqual(yield* sentBy(TestClock.adjust("10 minutes")), [])
      assert.strictEqual(yield* openWatches, 1)
    })))

  it.effect("W5 an interruption leaves no watch", () =>
    scenario(Effect.gen(function*() {
      yield* recordOf(held("you"))
      const { fiber } = yield* following
      assert.strictEqual(yield* openWatches, 1)
      yield* Fiber.interrupt(fiber)
      assert.strictEqual(yield* openWatches, 0)
      assert.deepStrictEqual(yield* sentBy(TestClock.adjust("5 minutes")), [])
    })))
})

describe("W5 F17 when the watch is not what it should be", patiently, () => {
  for (const as of ["end", "Reset"] as const) {
    it.effect(`W5 one that is cut (${as}) is opened anew from where it was: terms in between are told`, () =>
      scenario(Effect.gen(function*() {
        yield* recordOf(held("you"))
        const { told } = yield* following
        const sent = yield* sentBy(Effect.gen(function*() {
          yield* cut(as)
          yield* settle
          yield* takenBy("a")
          yield* takenBy("b")
          assert.deepStrictEqual(told, ["you"])
          yield* TestClock.adjust("1 second")
        }))
        assert.deepStrictEqual(told, ["you", "a", "b"])
        assert.deepStrictEqual(sent, ["watch"])
      })))
  }

  it.effect("W5 one that ends at once every time makes no hot loop", () =>
    scenario(Effect.gen(function*() {
      yield* recordOf(held("you"))
      yield* inject(Fault.watchCut())
      const { told } = yield* following
      assert.isAtMost((yield* sentBy(TestClock.adjust("1 minute"))).length, 120)
      yield* takenBy("me")
      yield* clearFaults
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(told, ["you", "me"])
    })))

  for (const expiredWatch of ["event", "status"] as const) {
    it.effect(`W5 410 (${expiredWatch}): read, and watched from now on, however old the record`, () =>
      scenario(
        Effect.gen(function*() {
          yield* recordOf(held("you"))
          yield* server((server) => server.advanceResourceVersion(1000n))
          yield* server((server) => server.compact)
          const { told } = yield* following
          yield* TestClock.adjust("3 seconds")
          assert.deepStrictEqual(yield* sentBy(TestClock.adjust("1 minute")), [])
          yield* takenBy("me")
          assert.deepStrictEqual(told, ["you", "me"])
        }),
        { server: { expiredWatch } }
      ))
  }

  for (const status of [403, 405, 501]) {
    it.effect(`W5 ${status}: reads every 10 s, and says so once`, () =>
      scenario(Effect.gen(function*() {
        yield* recordOf(held("you"))
        yield* inject(Fault.refuse(status, { reason: "Forbidden" }).pipe(Fault.on("watch")))
        const { told } = yield* following
        yield* TestClock.adjust("5 seconds")
        const sent = yield* sentBy(TestClock.adjust("1 minute"))
        assert.deepStrictEqual(sent, ["get", "get", "get", "get", "get", "get"])
        assert.lengthOf((yield* warnings).filter((text) => text.includes("may not be watched")), 1)
        yield* takenBy("me")
        yield* TestClock.adjust("10 seconds")
        assert.deepStrictEqual(told, ["you", "me"])
      })))
  }

  it.effect("W5 one that dies silently is given up after 90 s, and what it did not show is told", () =>
    scenario(Effect.gen(function*() {
      yield* recordOf(held("you"))
      const { told } = yield* following
      yield* inject(Fault.watchSilent())
      yield* takenBy("a")
      yield* takenBy("b")
      yield* clearFaults
      yield* TestClock.adjust(89_999)
      assert.deepStrictEqual(told, ["you"])
      yield* TestClock.adjust("2 seconds")
      assert.deepStrictEqual(told, ["you", "a", "b"])
      assert.strictEqual(yield* openWatches, 1)
    })))

  it.effect("W5 one that dies silently while there is no record", () =>
    scenario(Effect.gen(function*() {
      const { told } = yield* following
      yield* inject(Fault.watchSilent())
      yield* acquired(mine)
      yield* clearFaults
      yield* TestClock.adjust("2 minutes")
      assert.deepStrictEqual(told, [undefined, "me"])
    })))
})

describe("W5 F23 when the server cannot be asked", patiently, () => {
  it.effect("W5 a missing right fails the first read", () =>
    scenario(Effect.gen(function*() {
      yield* inject(Fault.forbidden().pipe(Fault.on("get")))
      const { fiber } = yield* following
      assert.strictEqual((yield* Effect.flip(Fiber.join(fiber)))._tag, "Forbidden")
    })))

  it.effect("W5 a right that is withdrawn later ends nothing", () =>
    scenario(Effect.gen(function*() {
      yield* recordOf(held("you"))
      const { fiber, told } = yield* following
      yield* inject(Fault.forbidden())
      yield* cut("end")
      yield* TestClock.adjust("1 minute")
      assert.isTrue(Option.isNone(yield* Fiber.poll(fiber)))
      yield* clearFaults
      yield* takenBy("me")
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(told, ["you", "me"])
    })))

  it.effect("W5 a read that is refused for a while does not stop the watching", () =>
    scenario(Effect.gen(function*() {
      const { told } = yield* following
      yield* inject(Fault.forbidden().pipe(Fault.on("get")))
      yield* cut("end")
      yield* TestClock.adjust("1 minute")
      yield* clearFaults
      yield* TestClock.adjust("1 second")
      yield* acquired(mine)
      yield* settle
      assert.deepStrictEqual(told, [undefined, "me"])
    })))

  it.effect("F75 W5 a read that hangs is given up, and Retry-After is honoured", () =>
    scenario(Effect.gen(function*() {
      yield* recordOf(held("you"))
      yield* inject(Fault.hang().pipe(Fault.times(1)))
      yield* inject(Fault.tooManyRequests("20 seconds").pipe(Fault.times(1)))
      const { told } = yield* following
      yield* TestClock.adjust("16 seconds")
      assert.deepStrictEqual(yield* sentBy(TestClock.adjust(19_999)), [])
      assert.deepStrictEqual(yield* sentBy(TestClock.adjust(1)), ["get", "watch"])
      assert.deepStrictEqual(told, ["you"])
    })))

  it.effect("F75 the holder is told within 15 s, or that it cannot be told", () =>
    scenario(Effect.gen(function*() {
      yield* recordOf(held("you"))
      const holder = Effect.flatMap(LeaseService, ({ holder }) => holder(ref))
      yield* inject(Fault.delay("10 seconds").pipe(Fault.times(1)))
      assert.isTrue(Option.isSome(yield* lasting("10 seconds")(holder)))
      yield* inject(Fault.hang())
      assert.include(yield* lasting("15 seconds")(Effect.flip(holder)), { _tag: "Transient", kind: "Timeout" })
    })))

  it.effect("W5 Transient never ends it, from the first read on, and is said once", () =>
    scenario(Effect.gen(function*() {
      yield* recordOf(held("you"))
      yield* inject(Fault.unsent())
      const { fiber, told } = yield* following
      yield* TestClock.adjust("2 minutes")
      assert.isTrue(Option.isNone(yield* Fiber.poll(fiber)))
      assert.isEmpty(told)
      assert.lengthOf((yield* warnings).filter((text) => text.includes("Cannot tell who holds")), 1)
      yield* clearFaults
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(told, ["you"])
      yield* inject(Fault.unsent())
      yield* cut("Reset")
      yield* takenBy("me")
      yield* TestClock.adjust("1 minute")
      assert.lengthOf((yield* warnings).filter((text) => text.includes("Cannot tell who holds")), 2)
      yield* clearFaults
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(told, ["you", "me"])
    })))
})
