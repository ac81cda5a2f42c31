import { describe, it } from "@effect/vitest"
import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/TestClock"
import { assert } from "vitest"
import { LeaseService } from "../../src/LeaseService.js"
import * as LeaseServiceModule from "../../src/LeaseService.js"
import * as Fault from "../../src/testing/Fault.js"
import { acquired, mine, OneService, ref } from "../support/leases.js"
import { leavingNothing } from "../support/leavingNothing.js"
import { inject, recordedHolder, recordOf, scenario, server, settle, sideBySide } from "../support/processes.js"
import { isWaiting, openWatches, waiter } from "../support/waiters.js"

const undated = { holderIdentity: "you", leaseDurationSeconds: 30 }

const clear = server((server) => server.patch(ref, { spec: { holderIdentity: "" } }))

describe("a wait that is interrupted", sideBySide, () => {
  for (
    const [where, before, after] of [
      ["while it watches", Effect.void, Effect.void],
      ["before the watch is open", inject(Fault.delay("1 minute").pipe(Fault.on("watch"))), Effect.void],
      ["while it reads every interval", inject(Fault.forbidden().pipe(Fault.on("watch"))), Effect.void],
      ["between two watches", inject(Fault.watchCut()), Effect.void],
      ["before its first read is answered", inject(Fault.delayAnswer("1 second").pipe(Fault.on("get"))), Effect.void],
      ["while the server is away", inject(Fault.unsent()), Effect.void],
      ["while its take is in flight", inject(Fault.delayAnswer("1 second").pipe(Fault.on("patch"))), clear],
      ["before its take lands for good", inject(Fault.landLate("1 second").pipe(Fault.on("patch"))), clear],
      [
        "while it lets the holder of a deleted record run out",
        Effect.void,
        server((server) => Effect.zipRight(server.delete(ref), server.endWatches))
      ]
    ] as const
  ) {
    it.effect(`T3 F28 ${where}: nothing is left of it`, () =>
      scenario(Effect.gen(function*() {
        yield* recordOf(undated)
        yield* leavingNothing(Effect.scoped(Effect.gen(function*() {
          yield* Effect.asVoid(before)
          const waiting = yield* waiter()
          yield* Effect.asVoid(after)
          yield* TestClock.adjust(500)
          assert.isTrue(yield* isWaiting(waiting))
          yield* Fiber.interrupt(waiting)
          // requestTimeout, releaseTimeout
          yield* TestClock.adjust("9 seconds")
        })))
        assert.notStrictEqual(yield* recordedHolder, "me")
      })))
  }

  it.effect("T3 while it waits for a term of its own service: that term stands", () =>
    scenario(Effect.gen(function*() {
      const held = yield* acquired(mine)
      const waiting = yield* waiter()
      yield* Fiber.interrupt(waiting)
      assert.isTrue(yield* held.isHeld)
      yield* held.verify
    })))

  it.effect("a wait whose service closes ends without a term", () =>
    scenario(Effect.gen(function*() {
      yield* recordOf(undated)
      const scope = yield* Scope.make()
      const service = yield* Layer.buildWithScope(LeaseServiceModule.layer, scope)
      const waiting = yield* Effect.provide(waiter(), service)
      yield* Scope.close(scope, Exit.void)
      yield* clear
      yield* settle
      assert.isTrue(Exit.isInterrupted(yield* Fiber.await(waiting)))
      assert.strictEqual(yield* openWatches, 0)
      assert.strictEqual(yield* recordedHolder, "")
    })))
})

// Under the live clock, for the `TestClock` keeps every timer that has been given up. No time passes.
describe("a wait at any step of the scheduler", { timeout: 40_000 }, () => {
  for (const [operations, steps] of [[2048, 40], [31, 120]] as const) {
    it.live(`T3 F28 interrupted around a release, it leaves nothing behind (${operations} operations a step)`, () => {
      let holding = 0
      const test = (step: number) =>
        Effect.gen(function*() {
          const lease = { ...mine, name: `lease-${step}` }
          const held = yield* acquired({ ...lease, owner: "you" })
          const { acquire } = yield* LeaseService
          const waiting = yield* acquire(lease).pipe(
            Effect.tap(() => Effect.sync(() => holding += 1)),
            Effect.zipRight(Effect.never),
            Effect.scoped,
            Effect.fork
          )
          yield* Effect.yieldNow().pipe(Effect.repeatN(40))
          const releasing = yield* Effect.fork(held.release)
          yield* Effect.yieldNow().pipe(Effect.repeatN(step))
          yield* Fiber.interrupt(waiting)
          yield* Fiber.join(releasing)
        }).pipe(Effect.scoped)
      return Effect.forEach(Arr.range(0, steps), test, { concurrency: 5, discard: true }).pipe(
        Effect.withMaxOpsBeforeYield(operations),
        leavingNothing,
        Effect.zipRight(Effect.gen(function*() {
          assert.isEmpty(yield* server((server) => server.list))
          assert.isTrue(0 < holding && holding < steps, `${holding} held`)
        })),
        Effect.provide(Layer.merge(OneService, Logger.remove(Logger.defaultLogger)))
      )
    })
  }

  it.effect("W1 a wait and its lease come and go", () =>
    scenario(Effect.gen(function*() {
      yield* leavingNothing(Effect.gen(function*() {
        const { acquire } = yield* LeaseService
        for (let i = 0; i < 20; i++) {
          yield* Effect.scoped(acquire(mine))
        }
      }))
      yield* settle
    })))
})
