import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/TestClock"
import { assert } from "vitest"
import * as Fault from "../../src/testing/Fault.js"
import { Faults } from "../../src/testing/Faults.js"
import { ref } from "../support/leases.js"
import { inject, recordOf, scenario, sentBy, server, settle, warnings } from "../support/processes.js"
import { isWaiting, liveHolder, openWatches, patiently, termOf, waiter } from "../support/waiters.js"

/** Another's record of which only E1 can say anything. */
const undated = { holderIdentity: "you", leaseDurationSeconds: 3600 }

const clear = server((server) => server.patch(ref, { spec: { holderIdentity: "" } }))

const clearFaults = Effect.flatMap(Faults, ({ clear }) => clear)

const saysPolling = (text: string) => text.includes("may not be watched")

describe("W2 a watch that is refused", patiently, () => {
  for (const status of [403, 405, 501]) {
    it.effect(`W2 ${status}: reads every interval, and says so once`, () =>
      scenario(Effect.gen(function*() {
        yield* recordOf(undated)
        yield* inject(Fault.refuse(status, { reason: "Forbidden" }).pipe(Fault.on("watch")))
        const waiting = yield* waiter()
        // Without jitter: exactly at the intervals.
        yield* TestClock.adjust(500)
        const sent = yield* sentBy(TestClock.adjust("1 minute"))
        assert.deepStrictEqual(sent, ["get", "get", "get", "get", "get", "get"])
        assert.lengthOf((yield* warnings).filter(saysPolling), 1)
        yield* clear
        yield* TestClock.adjust("10 seconds")
        yield* termOf(waiting)
      })))
  }

  it.effect("W2 E1 a reader takes exactly when what it saw has lasted its time", () =>
    scenario(Effect.gen(function*() {
      yield* recordOf({ holderIdentity: "you", leaseDurationSeconds: 25 })
      yield* inject(Fault.forbidden().pipe(Fault.on("watch")))
      const waiting = yield* waiter()
      yield* TestClock.adjust(24_999)
      assert.isTrue(yield* isWaiting(waiting))
      yield* TestClock.adjust(1)
      yield* termOf(waiting)
    })))
})

describe("W2 a watch that breaks", patiently, () => {
  for (const as of ["end", "Reset"] as const) {
    it.effect(`W2 after a while (${as}): reads, and watches again`, () =>
      scenario(Effect.gen(function*() {
        yield* recordOf(undated)
        const waiting = yield* waiter()
        yield* TestClock.adjust("10 minutes")
        const sent = yield* sentBy(Effect.zipRight(Effect.flatMap(Faults, ({ cutWatches }) => cutWatches(as)), settle))
        assert.deepStrictEqual(sent, ["get", "watch"])
        assert.strictEqual(yield* openWatches, 1)
        yield* clear
        yield* settle
        yield* termOf(waiting)
      })))

    it.effect(`W2 E1 at once, every time (${as}): what runs out meanwhile is tried for in time`, () =>
      scenario(Effect.gen(function*() {
        yield* recordOf({ holderIdentity: "you", leaseDurationSeconds: 25 })
        yield* inject(Fault.watchCut({ afterEvents: 0, as }))
        const waiting = yield* waiter()
        yield* TestClock.adjust(24_999)
        assert.isTrue(yield* isWaiting(waiting))
        yield* TestClock.adjust(1)
        yield* termOf(waiting)
      })))

    it.effect(`W2 at once, every time (${as}): no hot loop`, () =>
      scenario(Effect.gen(function*() {
        yield* recordOf(undated)
        yield* inject(Fault.watchCut({ afterEvents: 0, as }))
        const waiting = yield* waiter()
        const first = yield* sentBy(TestClock.adjust("1 minute"))
        assert.isAtMost(first.length, 40)
        const then = yield* sentBy(TestClock.adjust("1 minute"))
        // Half an interval each time, at the least.
        assert.isAtMost(then.length, 24)
        yield* clear
        yield* TestClock.adjust("10 seconds")
        yield* termOf(waiting)
      })))
  }

  it.effect("R5 a Retry-After is honoured, whatever runs out meanwhile", () =>
    scenario(Effect.gen(function*() {
      yield* recordOf({ holderIdentity: "you", leaseDurationSeconds: 5 })
      yield* inject(Fault.tooManyRequests("20 seconds").pipe(Fault.on("watch")))
      const waiting = yield* waiter()
      assert.isEmpty(yield* sentBy(TestClock.adjust(19_999)))
      assert.isTrue(yield* isWaiting(waiting))
      yield* TestClock.adjust(1)
      yield* termOf(waiting)
    })))

  it.effect("W2 when it is good again, the next one that breaks is answered at once", () =>
    scenario(Effect.gen(function*() {
      yield* recordOf(undated)
      yield* inject(Fault.watchCut({ afterEvents: 0, as: "end" }))
      yield* waiter()
      yield* TestClock.adjust("1 minute")
      yield* clearFaults
      yield* TestClock.adjust("1 minute")
      const sent = yield* sentBy(Effect.zipRight(server((server) => server.endWatches), settle))
      assert.deepStrictEqual(sent, ["get", "watch"])
    })))

  it.effect("F17 an ERROR event, for a version that is too old, is answered with a read", () =>
    scenario(Effect.gen(function*() {
      yield* recordOf(undated)
      yield* inject(Fault.delay("1 second").pipe(Fault.on("watch"), Fault.times(1)))
      const waiting = yield* waiter()
      yield* server((server) => server.patch(ref, { metadata: { labels: { some: "label" } } }))
      yield* server((server) => server.compact)
      yield* server((server) => server.advanceResourceVersion(1000n))
      yield* server((server) => server.compact)
      yield* TestClock.adjust("3 seconds")
      assert.strictEqual(yield* openWatches, 1)
      // Nor does it have to know this record's version, which may stay as old as it is.
      assert.deepStrictEqual(yield* sentBy(TestClock.adjust("1 minute")), [])
      yield* clear
      yield* settle
      yield* termOf(waiting)
    })))

  it.effect("F17 what was released while no watch stood is found by the read", () =>
    scenario(Effect.gen(function*() {
      yield* recordOf(undated)
      const waiting = yield* waiter()
      yield* TestClock.adjust("1 minute")
      yield* inject(Fault.watchSilent())
      yield* clear
      yield* settle
      assert.isTrue(yield* isWaiting(waiting))
      yield* server((server) => server.endWatches)
      yield* Effect.flatMap(Faults, ({ cutWatches }) => cutWatches("end"))
      yield* settle
      yield* termOf(waiting)
    })))

  it.effect("F17 a watch that died silently: the record's time is up, it reads, and watches anew", () =>
    scenario(Effect.gen(function*() {
      const { held } = yield* liveHolder
      const waiting = yield* waiter()
      yield* inject(Fault.watchSilent())
      yield* TestClock.adjust(29_999)
      yield* clearFaults
      const sent = yield* sentBy(TestClock.adjust("1 second"))
      // It has not been told of anything for as long as the record lasts: so it asks how old that is (E2).
      assert.deepStrictEqual(sent, ["get", "dryRun", "watch"])
      assert.isTrue(yield* isWaiting(waiting))
      assert.isTrue(yield* held.isHeld)
      assert.strictEqual(yield* openWatches, 1)
      yield* held.release
      yield* settle
      yield* termOf(waiting)
    })))

  it.effect("F17 silent for ever: a read, a dry run and a new watch each time that the record's time is up, and a release is found by it", () =>
    scenario(Effect.gen(function*() {
      const { held } = yield* liveHolder
      const waiting = yield* waiter()
      yield* inject(Fault.watchSilent())
      const sent = yield* sentBy(TestClock.adjust("2 minutes"))
      assert.isAtMost(sent.length, 12)
      yield* held.release
      yield* TestClock.adjust("30 seconds")
      yield* termOf(waiting)
    })))
})
