import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as TestClock from "effect/TestClock"
import { assert } from "vitest"
import { MemoryServer } from "../../src/KubeApiMemory.js"
import * as Fault from "../../src/testing/Fault.js"
import { mine, ref, tryAcquire, yours } from "../support/leases.js"
import { inject, recordOf, scenario, settle, warnings } from "../support/processes.js"
import { isWaiting, liveHolder, patiently, termOf, waiter } from "../support/waiters.js"

const server = <A, E>(use: (server: MemoryServer["Type"]) => Effect.Effect<A, E>) =>
  Effect.orDie(Effect.flatMap(MemoryServer, use))

/** Somebody else has taken the lease for 30 s, and an admin deletes the record. */
const takenAndDeleted = Effect.zipRight(
  server((server) => server.patch(ref, { spec: { holderIdentity: "they", leaseDurationSeconds: 30 } })),
  server((server) => server.delete(ref))
)

/** A contender that tries for a lease which has just been cleared, and fails at its first attempt. */
const failingAtOnce = Effect.gen(function*() {
  yield* recordOf({ holderIdentity: "you", leaseDurationSeconds: 30 })
  const waiting = yield* waiter()
  yield* inject(Fault.unsent().pipe(Fault.on("patch"), Fault.times(1)))
  yield* server((server) => server.patch(ref, { spec: { holderIdentity: "" } }))
  yield* settle
  return waiting
})

describe("W1 F40 a record deleted under its holder", patiently, () => {
  it.effect("W1 F40 an admin's delete lets the holder's time run out, and no less", () =>
    scenario(Effect.gen(function*() {
      const { crash } = yield* liveHolder
      const waiting = yield* waiter()
      yield* crash
      yield* TestClock.adjust("4 seconds")
      yield* server((server) => server.delete(ref))
      yield* TestClock.adjust(25_999)
      assert.isTrue(yield* isWaiting(waiting))
      assert.deepStrictEqual((yield* warnings).filter((text) => text.includes("was deleted")), [
        "The Lease was deleted under you, who may believe in its term until its duration has passed; waiting 26s more"
      ])
      yield* TestClock.adjust(1)
      yield* termOf(waiting)
    })))

  for (const as of ["end", "Reset"] as const) {
    it.effect(`W1 F40 also if the watch breaks meanwhile (${as})`, () =>
      scenario(Effect.gen(function*() {
        const { crash } = yield* liveHolder
        const waiting = yield* waiter()
        yield* crash
        yield* inject(Fault.watchCut({ afterEvents: 0, as }))
        yield* server((server) => server.delete(ref))
        yield* settle
        yield* server((server) => server.endWatches)
        yield* TestClock.adjust(29_999)
        assert.isTrue(yield* isWaiting(waiting))
        yield* TestClock.adjust(1)
        yield* termOf(waiting)
      })))
  }

  it.effect("W1 F40 a record that comes back after an admin's delete is judged by itself", () =>
    scenario(Effect.gen(function*() {
      const { crash } = yield* liveHolder
      const waiting = yield* waiter()
      yield* crash
      yield* server((server) => server.delete(ref))
      yield* recordOf({ holderIdentity: "", leaseDurationSeconds: 30 })
      yield* settle
      yield* termOf(waiting)
    })))

  it.effect("W1 F40 also if it happens between two tries of an attempt", () =>
    scenario(Effect.gen(function*() {
      const waiting = yield* failingAtOnce
      yield* takenAndDeleted
      yield* TestClock.adjust(29_999)
      assert.isTrue(yield* isWaiting(waiting))
      yield* TestClock.adjust(1)
      yield* termOf(waiting)
    })))

  it.effect("W1 F40 also if it happens while a read is under way", () =>
    scenario(Effect.gen(function*() {
      const waiting = yield* failingAtOnce
      yield* inject(Fault.delay("1 second").pipe(Fault.on("get"), Fault.times(1)))
      yield* TestClock.adjust(500)
      yield* takenAndDeleted
      yield* TestClock.adjust(29_999)
      assert.isTrue(yield* isWaiting(waiting))
      yield* TestClock.adjust(1)
      yield* termOf(waiting)
    })))

  it.effect("W1 F40 also if it happens between two attempts, while the server cannot be reached", () =>
    scenario(Effect.gen(function*() {
      const waiting = yield* failingAtOnce
      yield* inject(Fault.unsent().pipe(Fault.on("get", "patch", "create"), Fault.lasting("5 seconds")))
      yield* TestClock.adjust("4 seconds")
      yield* takenAndDeleted
      yield* TestClock.adjust(29_999)
      assert.isTrue(yield* isWaiting(waiting))
      yield* TestClock.adjust(1)
      yield* termOf(waiting)
    })))

  it.effect("W1 F40 also for a later attempt of the same service, but not for the holder's own", () =>
    scenario(Effect.gen(function*() {
      const { crash } = yield* liveHolder
      const waiting = yield* waiter()
      yield* crash
      yield* server((server) => server.delete(ref))
      yield* settle
      yield* Fiber.interrupt(waiting)
      yield* TestClock.adjust(29_999)
      assert.isTrue(Option.isNone(yield* tryAcquire(mine)))
      assert.isTrue(Option.isSome(yield* tryAcquire(yours)))
    })))

  for (
    const [what, another] of [
      [
        "its own has stood",
        Effect.flatMap(tryAcquire(yours), (held) => Option.getOrThrow(held).release)
      ],
      [
        "it has seen another's",
        Effect.zipRight(recordOf({ holderIdentity: "they", leaseDurationSeconds: 30 }), Effect.asVoid(tryAcquire(mine)))
      ]
    ] as const
  ) {
    it.effect(`W1 F40 but not once ${what} there since`, () =>
      scenario(Effect.gen(function*() {
        const { crash } = yield* liveHolder
        const waiting = yield* waiter()
        yield* crash
        yield* server((server) => server.delete(ref))
        yield* settle
        yield* Fiber.interrupt(waiting)
        assert.isTrue(Option.isNone(yield* tryAcquire(mine)))
        yield* another
        yield* Effect.ignore(Effect.flatMap(MemoryServer, (server) => server.delete(ref)))
        assert.isTrue(Option.isSome(yield* tryAcquire(mine)))
      })))
  }
})
