import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as TestClock from "effect/TestClock"
import { assert } from "vitest"
import * as Fault from "../../src/testing/Fault.js"
import { mine, ref, tryAcquire, yours } from "../support/leases.js"
import { inject, recordOf, scenario, server, settle, warnings } from "../support/processes.js"
import { isWaiting, liveHolder, patiently, termOf, waiter } from "../support/waiters.js"
import type { Waiter } from "../support/waiters.js"

const deleted = server((server) => server.delete(ref))

/** Somebody who waits for what a holder of 30 s has last renewed now, before that one dies. */
const waitingAfterCrash = Effect.gen(function*() {
  const { crash } = yield* liveHolder
  const waiting = yield* waiter()
  yield* crash
  return waiting
})

/** The same, once it has been shown that the record is gone, and has given up waiting. */
const wasWaiting = Effect.flatMap(
  waitingAfterCrash,
  (waiting) => Effect.all([deleted, settle, Fiber.interrupt(waiting)], { discard: true })
)

/** Somebody who tries for a lease that has just been cleared, and whose first write fails. */
const tryingAgain = Effect.gen(function*() {
  yield* recordOf({ holderIdentity: "you", leaseDurationSeconds: 30 })
  const waiting = yield* waiter()
  yield* inject(Fault.unsent().pipe(Fault.on("patch"), Fault.times(1)))
  yield* server((server) => server.patch(ref, { spec: { holderIdentity: "" } }))
  yield* settle
  return waiting
})

/** Somebody else has taken the lease for 30 s, and an admin deletes the record. */
const takenAndDeleted = Effect.zipRight(
  server((server) => server.patch(ref, { spec: { holderIdentity: "they", leaseDurationSeconds: 30 } })),
  deleted
)

const hasItAfter = (waiting: Waiter, millis: number) =>
  Effect.gen(function*() {
    yield* TestClock.adjust(millis - 1)
    assert.isTrue(yield* isWaiting(waiting))
    yield* TestClock.adjust(1)
    yield* termOf(waiting)
  })

describe("W1 F40 a record deleted under its holder", patiently, () => {
  it.effect("W1 F40 an admin's delete lets the holder's time run out, and no less", () =>
    scenario(Effect.gen(function*() {
      const waiting = yield* waitingAfterCrash
      yield* TestClock.adjust("4 seconds")
      yield* deleted
      yield* hasItAfter(waiting, 26_000)
      assert.deepStrictEqual((yield* warnings).filter((text) => text.includes("was deleted")), [
        "The Lease was deleted under you, who may believe in its term until its duration has passed; waiting 26s more"
      ])
    })))

  for (const as of ["end", "Reset"] as const) {
    it.effect(`W1 F40 also if the watch breaks meanwhile (${as})`, () =>
      scenario(Effect.gen(function*() {
        const waiting = yield* waitingAfterCrash
        yield* inject(Fault.watchCut({ afterEvents: 0, as }))
        yield* deleted
        yield* settle
        yield* server((server) => server.endWatches)
        yield* hasItAfter(waiting, 30_000)
      })))
  }

  it.effect("W1 F40 a record that comes back after an admin's delete is judged by itself", () =>
    scenario(Effect.gen(function*() {
      const waiting = yield* waitingAfterCrash
      yield* deleted
      yield* recordOf({ holderIdentity: "", leaseDurationSeconds: 30 })
      yield* settle
      yield* termOf(waiting)
    })))

  it.effect("W1 F40 also if it happens between two tries of an attempt", () =>
    scenario(Effect.gen(function*() {
      const waiting = yield* tryingAgain
      yield* takenAndDeleted
      yield* hasItAfter(waiting, 30_000)
    })))

  it.effect("W1 F40 also if it happens while a read is under way", () =>
    scenario(Effect.gen(function*() {
      const waiting = yield* tryingAgain
      yield* inject(Fault.delay("1 second").pipe(Fault.on("get"), Fault.times(1)))
      yield* TestClock.adjust(500)
      yield* takenAndDeleted
      yield* hasItAfter(waiting, 30_000)
    })))

  it.effect("W1 F40 also if it happens between two attempts, while the server cannot be reached", () =>
    scenario(Effect.gen(function*() {
      const waiting = yield* tryingAgain
      yield* inject(Fault.unsent().pipe(Fault.on("get", "patch", "create"), Fault.lasting("5 seconds")))
      yield* TestClock.adjust("4 seconds")
      yield* takenAndDeleted
      yield* hasItAfter(waiting, 30_000)
    })))

  it.effect("W1 F40 also for a later attempt of the same service, but not for the holder's own", () =>
    scenario(Effect.gen(function*() {
      yield* wasWaiting
      yield* TestClock.adjust(29_999)
      assert.isTrue(Option.isNone(yield* tryAcquire(mine)))
      assert.isTrue(Option.isSome(yield* tryAcquire(yours)))
    })))

  it.effect("W1 F40 but not once its own has stood there since", () =>
    scenario(Effect.gen(function*() {
      yield* wasWaiting
      yield* Effect.flatMap(tryAcquire(yours), (held) => Option.getOrThrow(held).release)
      assert.isTrue(Option.isSome(yield* tryAcquire(mine)))
    })))

  it.effect("W1 F40 but not once it has seen another's there since", () =>
    scenario(Effect.gen(function*() {
      yield* wasWaiting
      yield* recordOf({ holderIdentity: "they", leaseDurationSeconds: 30 })
      assert.isTrue(Option.isNone(yield* tryAcquire(mine)))
      yield* deleted
      assert.isTrue(Option.isSome(yield* tryAcquire(mine)))
    })))
})
