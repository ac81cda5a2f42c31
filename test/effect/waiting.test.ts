import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/TestClock"
import { assert } from "vitest"
import { LeaseService } from "../../src/LeaseService.js"
import * as Fault from "../../src/testing/Fault.js"
import { Faults } from "../../src/testing/Faults.js"
import { mine, record, ref, yours } from "../support/leases.js"
import {
  calls,
  inject,
  lasting,
  recorded,
  recordedHolder,
  recordOf,
  scenario,
  sentBy,
  server,
  settle,
  warnings
} from "../support/processes.js"
import { withSplitClock } from "../support/SplitClock.js"
import { isWaiting, liveHolder, openWatches, patiently, termOf, waiter } from "../support/waiters.js"

/** Another's record of which only E1 can say anything. */
const undated = { holderIdentity: "you", leaseDurationSeconds: 30 }

describe("what a contender that waits says", patiently, () => {
  const trouble = "Cannot tell whether the lease is free"

  it.effect("F74 each kind of trouble once: no connection, then 403, then 503, until it is over", () =>
    scenario(Effect.gen(function*() {
      yield* liveHolder
      yield* waiter()
      const faults = yield* Faults
      for (const fault of [Fault.unsent(), Fault.forbidden(), Fault.unsent("Reset"), Fault.serviceUnavailable()]) {
        yield* faults.clear
        yield* inject(fault)
        yield* faults.cutWatches("end")
        yield* TestClock.adjust("30 seconds")
      }
      assert.lengthOf((yield* warnings).filter((text) => text.includes(trouble)), 3)
      yield* faults.clear
      yield* TestClock.adjust("30 seconds")
      yield* inject(Fault.forbidden())
      yield* faults.cutWatches("end")
      yield* TestClock.adjust("30 seconds")
      assert.lengthOf((yield* warnings).filter((text) => text.includes(trouble)), 4)
    })))

  it.effect("F74 A0 a server that does not answer, while the attempt goes on", () =>
    scenario(Effect.gen(function*() {
      yield* inject(Fault.hang())
      yield* waiter()
      yield* TestClock.adjust("5 seconds")
      assert.lengthOf((yield* warnings).filter((text) => text.includes(trouble)), 1)
      assert.isFalse((yield* Effect.flatMap(LeaseService, ({ health }) => health)).isHealthy)
    })))

  it.effect("E3 of an absurd duration once, if a watch has shown it first", () =>
    scenario(Effect.gen(function*() {
      yield* recordOf(undated)
      yield* waiter()
      yield* server((server) => server.patch(ref, { spec: { leaseDurationSeconds: 2_000_000_000 } }))
      yield* settle
      yield* server((server) => server.patch(ref, { metadata: { labels: { team: "a" } } }))
      yield* TestClock.adjust("1 minute")
      assert.lengthOf((yield* warnings).filter((text) => text.includes("asks for a duration of 2000000000 s")), 1)
    })))
})

describe("W1 a contender that waits", patiently, () => {
  it.effect("W1 has a lease that nobody holds at once, without a watch", () =>
    scenario(Effect.gen(function*() {
      const sent = yield* sentBy(Effect.flatMap(waiter(), termOf))
      assert.deepStrictEqual(sent, ["get", "create"])
    })))

  it.effect("W1 sends nothing in ten minutes of a live holder but one watch", () =>
    scenario(Effect.gen(function*() {
      yield* liveHolder
      const waiting = yield* waiter()
      yield* TestClock.adjust("10 minutes")
      assert.isTrue(yield* isWaiting(waiting))
      assert.deepStrictEqual((yield* calls).map(({ operation }) => operation), ["get", "version", "dryRun", "watch"])
      assert.strictEqual(yield* recordedHolder, "you")
    })))

  it.effect("W1 X2 goes on from the clear, with one PATCH and no read", () =>
    scenario(Effect.gen(function*() {
      const { held, run } = yield* liveHolder
      const waiting = yield* waiter()
      yield* run(inject(Fault.delay("1 second").pipe(Fault.on("delete"))))
      const sent = yield* sentBy(Effect.zipRight(Effect.forkScoped(held.release), settle))
      assert.deepStrictEqual(sent, ["patch"])
      assert.isTrue(yield* (yield* termOf(waiting)).isHeld)
      assert.strictEqual(yield* recorded("spec", "leaseTransitions"), 1)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* recordedHolder, "me")
    })))

  it.effect("W1 creates if the delete came first, without a read", () =>
    scenario(Effect.gen(function*() {
      const { held } = yield* liveHolder
      const waiting = yield* waiter()
      yield* inject(Fault.delay("1 second").pipe(Fault.on("patch"), Fault.times(1)))
      const sent = yield* sentBy(Effect.gen(function*() {
        yield* held.release
        yield* TestClock.adjust("1 second")
      }))
      assert.deepStrictEqual(sent, ["patch", "create"])
      assert.isTrue(yield* (yield* termOf(waiting)).isHeld)
    })))

  it.effect("W1 creates at the DELETED of a record that nobody held", () =>
    scenario(Effect.gen(function*() {
      yield* liveHolder
      const waiting = yield* waiter()
      yield* inject(Fault.serviceUnavailable().pipe(Fault.on("patch"), Fault.times(1)))
      yield* server((server) => server.patch(ref, { spec: { holderIdentity: "" } }))
      yield* server((server) => server.delete(ref))
      yield* TestClock.adjust("1 second")
      assert.isTrue(yield* (yield* termOf(waiting)).isHeld)
    })))

  it.effect("W1 X5 takes the record on its own name", () =>
    scenario(Effect.gen(function*() {
      const { held } = yield* liveHolder
      const waiting = yield* waiter()
      const sent = yield* sentBy(Effect.zipRight(held.handOver({ to: "me" }), settle))
      assert.deepStrictEqual(sent, ["patch"])
      assert.isTrue(yield* (yield* termOf(waiting)).isHeld)
    })))

  it.effect("W1 E1 takes the lease exactly when the last renewal that it saw has lasted its time", () =>
    scenario(Effect.gen(function*() {
      const { crash } = yield* liveHolder
      const waiting = yield* waiter()
      yield* TestClock.adjust("20 seconds")
      yield* crash
      yield* TestClock.adjust(29_999)
      assert.isTrue(yield* isWaiting(waiting))
      assert.strictEqual(yield* recordedHolder, "you")
      const sent = yield* sentBy(TestClock.adjust(1))
      assert.deepStrictEqual(sent, ["get", "patch"])
      assert.isTrue(yield* (yield* termOf(waiting)).isHeld)
    })))

  it.effect("W1 E2 takes at first look what has long run out, by the server's own clock", () =>
    scenario(Effect.gen(function*() {
      const { crash } = yield* liveHolder
      yield* crash
      yield* TestClock.adjust("1 minute")
      yield* Effect.flatMap(waiter(), termOf)
    })))

  it.effect("W1 E2 reads again when a record that was old at first look is due, before E1", () =>
    scenario(Effect.gen(function*() {
      const { crash } = yield* liveHolder
      yield* crash
      yield* TestClock.adjust("25 seconds")
      const waiting = yield* waiter()
      yield* TestClock.adjust("5 seconds")
      assert.isTrue(yield* isWaiting(waiting))
      yield* TestClock.adjust("4 seconds")
      yield* termOf(waiting)
      assert.isAtMost((yield* calls).length, 6)
    })))

  it.effect("W1 losing the race, it watches on, without a read", () =>
    scenario(Effect.gen(function*() {
      const { held, run } = yield* liveHolder
      const waiting = yield* waiter()
      yield* inject(Fault.delay("1 second").pipe(Fault.on("patch"), Fault.times(1)))
      const sent = yield* sentBy(Effect.gen(function*() {
        yield* held.release
        yield* run(Effect.flatMap(LeaseService, (service) => service.acquire(yours)))
        yield* TestClock.adjust("5 minutes")
      }))
      assert.isTrue(yield* isWaiting(waiting))
      assert.notInclude(sent, "get")
      assert.notInclude(sent, "watch")
      assert.isAtMost(sent.length, 3)
      assert.strictEqual(yield* openWatches, 1)
    })))

  it.effect("F39 a record that waits for its finalizers is looked at once an interval", () =>
    scenario(Effect.gen(function*() {
      yield* recordOf({ ...undated, leaseDurationSeconds: 1 }, { finalizers: ["example.com/keep"] })
      yield* server((server) => server.delete(ref))
      const waiting = yield* waiter()
      yield* TestClock.adjust("1 minute")
      assert.isTrue(yield* isWaiting(waiting))
      assert.isAtMost((yield* calls).length, 2 + 6)
    })))

  it.effect("F39 a released record is taken at once when its last finalizer goes", () =>
    scenario(Effect.gen(function*() {
      yield* recordOf({ holderIdentity: "", leaseDurationSeconds: 1 }, { finalizers: ["example.com/keep"] })
      yield* server((server) => server.delete(ref))
      const waiting = yield* waiter()
      yield* TestClock.adjust("3 seconds")
      assert.isTrue(yield* isWaiting(waiting))
      yield* server((server) => server.patch(ref, { metadata: { finalizers: null } }))
      yield* settle
      yield* termOf(waiting)
    })))

  it.effect("HeldHere: another acquire under this name waits for the end of the first one's term", () =>
    scenario(Effect.gen(function*() {
      const first = yield* Effect.flatMap(waiter(), termOf)
      const second = yield* waiter()
      yield* TestClock.adjust("1 minute")
      assert.isTrue(yield* isWaiting(second))
      assert.strictEqual(yield* openWatches, 0)
      yield* first.release
      yield* settle
      assert.isTrue(yield* (yield* termOf(second)).isHeld)
      assert.isFalse(yield* first.isHeld)
    })))

  it.effect("HeldHere: also when the first one's term is lost", () =>
    scenario(Effect.gen(function*() {
      const first = yield* Effect.flatMap(waiter(), termOf)
      const second = yield* waiter()
      yield* server((server) => server.delete(ref))
      yield* Effect.flip(first.verify)
      yield* settle
      assert.isTrue(yield* (yield* termOf(second)).isHeld)
    })))

  it.effect("two that wait in one service under two names both watch, and one has it", () =>
    scenario(Effect.gen(function*() {
      const { held } = yield* liveHolder
      const first = yield* waiter()
      const second = yield* waiter({ ...mine, owner: "me too" })
      yield* held.release
      yield* settle
      assert.notStrictEqual(yield* isWaiting(first), yield* isWaiting(second))
      const holder = yield* recordedHolder
      assert.include(["me", "me too"], holder)
    })))
})

describe("W1 clocks of their own", patiently, () => {
  for (const by of [3_600_000, -3_600_000]) {
    it.effect(`F33 a wall clock that steps by ${by} ms makes nobody come early or late`, () =>
      withSplitClock(({ stepWall }) =>
        scenario(Effect.gen(function*() {
          yield* recordOf(undated)
          const waiting = yield* waiter()
          yield* stepWall(by)
          yield* TestClock.adjust(29_999)
          assert.isTrue(yield* isWaiting(waiting))
          yield* TestClock.adjust(1)
          yield* termOf(waiting)
        }))
      ))
  }

  it.effect("F11 a suspended machine waits the longer", () =>
    withSplitClock(({ suspend }) =>
      scenario(Effect.gen(function*() {
        yield* recordOf(undated)
        const waiting = yield* waiter()
        yield* suspend("1 hour")
        yield* TestClock.adjust(29_999)
        assert.isTrue(yield* isWaiting(waiting))
        yield* TestClock.adjust(1)
        yield* termOf(waiting)
      }))
    ))

  it.effect("F10 a stalled process reads before it takes", () =>
    withSplitClock(({ stall }) =>
      scenario(Effect.gen(function*() {
        yield* recordOf(undated)
        const waiting = yield* waiter()
        yield* stall("1 hour")
        yield* server((server) => server.patch(ref, { spec: { renewTime: "2026-11-22T06:00:00.123456Z" } }))
        yield* TestClock.adjust(29_999)
        assert.isTrue(yield* isWaiting(waiting))
        yield* TestClock.adjust("1 minute")
        yield* termOf(waiting)
      }))
    ))
})

describe("W1 what ends a wait", patiently, () => {
  it.effect("F23 a missing right fails the wait at its first read", () =>
    scenario(Effect.gen(function*() {
      yield* inject(Fault.forbidden().pipe(Fault.on("get")))
      const waiting = yield* waiter()
      assert.strictEqual((yield* Effect.flip(Fiber.join(waiting)))._tag, "Forbidden")
    })))

  it.effect("A1 a missing namespace fails the wait at once", () =>
    scenario(
      Effect.gen(function*() {
        const waiting = yield* waiter()
        assert.strictEqual((yield* Effect.flip(Fiber.join(waiting)))._tag, "NotFound")
      }),
      { server: { namespaces: [] } }
    ))

  it.effect(
    "W2 later nothing that a server answers ends it, and that is said once",
    () =>
      scenario(Effect.gen(function*() {
        yield* recordOf(undated)
        const waiting = yield* waiter()
        yield* inject(Fault.forbidden())
        yield* lasting("5 minutes")(server((server) => server.endWatches))
        assert.isTrue(yield* isWaiting(waiting))
        const said = (yield* warnings).filter((text) => text.includes("Cannot tell whether the lease is free"))
        assert.lengthOf(said, 1)
      })),
    60_000
  )

  it.effect(
    "W2 a server that cannot be reached ends no wait; ten minutes later the lease is had within an interval",
    () =>
      scenario(Effect.gen(function*() {
        const { health } = yield* LeaseService
        yield* inject(Fault.unsent().pipe(Fault.lasting("10 minutes")))
        const waiting = yield* waiter()
        yield* TestClock.adjust("1 minute")
        assert.isFalse((yield* health).isHealthy)
        assert.deepStrictEqual((yield* health).problems.map(({ owner }) => owner), ["me"])
        yield* TestClock.setTime(600_000)
        assert.isTrue(yield* isWaiting(waiting))
        yield* TestClock.adjust("10 seconds")
        yield* termOf(waiting)
        assert.isTrue((yield* health).isHealthy)
        assert.strictEqual((yield* record).spec?.holderIdentity, "me")
      })),
    60_000
  )
})
