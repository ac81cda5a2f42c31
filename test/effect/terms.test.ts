import { describe, it } from "@effect/vitest"
import * as Arr from "effect/Array"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Order from "effect/Order"
import * as TestClock from "effect/TestClock"
import { assert } from "vitest"
import type { KubeApi } from "../../src/KubeApi.js"
import { MemoryServer } from "../../src/KubeApiMemory.js"
import type { LeaseSpec } from "../../src/LeaseObject.js"
import { MicroTime } from "../../src/LeaseObject.js"
import type { HeldLease } from "../../src/LeaseService.js"
import { LeaseService } from "../../src/LeaseService.js"
import { LostReason } from "../../src/LeaseTerm.js"
import * as Fault from "../../src/testing/Fault.js"
import { acquired, mine, record, ref, tryAcquire, yours } from "../support/leases.js"
import {
  anotherProcess,
  inject,
  lasting,
  lossOf,
  recordedHolder,
  recordedMillis,
  recordOf,
  scenario,
  sentBy,
  settle,
  sideBySide
} from "../support/processes.js"
import { withSplitClock } from "../support/SplitClock.js"

const remainingMillis = (held: HeldLease) => Effect.map(held.remaining, Duration.toMillis)

/** From now on no renewal reaches the server. */
const outage = inject(Fault.unsent())

describe("T1 terms", sideBySide, () => {
  it.effect("T1 a create counts from 0, a take adds one; each has an acquireTime of its own", () =>
    scenario(Effect.gen(function*() {
      const first = yield* acquired({ ...mine, releaseMode: "clear" })
      const created = yield* record
      assert.strictEqual(created.spec?.leaseTransitions, 0)
      yield* TestClock.adjust("1 second")
      yield* first.release
      yield* acquired(yours)
      const taken = yield* record
      assert.strictEqual(taken.spec?.leaseTransitions, 1)
      assert.strictEqual(taken.metadata.uid, created.metadata.uid)
      assert.isTrue((taken.spec?.acquireTime ?? 0n) > (created.spec?.acquireTime ?? 0n))
    })))

  for (const [standing, taken] of [[7, 8], [undefined, 1]] as const) {
    it.effect(`T1 an owner's own old record with ${standing ?? "no"} transitions is taken with ${taken}`, () =>
      scenario(Effect.gen(function*() {
        yield* recordOf({
          holderIdentity: "me",
          leaseDurationSeconds: 30,
          ...(standing === undefined ? {} : { leaseTransitions: standing })
        })
        yield* acquired(mine)
        assert.strictEqual((yield* record).spec?.leaseTransitions, taken)
      })))
  }

  it.effect("T1 F25 transitions at their largest do not wedge the lease", () =>
    scenario(Effect.gen(function*() {
      const largest = 2 ** 31 - 1
      yield* recordOf({ holderIdentity: "", leaseTransitions: largest })
      yield* acquired(mine)
      const { spec } = yield* record
      assert.isBelow(spec?.leaseTransitions ?? Infinity, largest, "an API server reads 32 bits")
    })))

  it.effect("T1 F29 a record created anew is another term, with a larger token", () =>
    scenario(Effect.gen(function*() {
      const first = yield* acquired(mine)
      const { uid } = (yield* record).metadata
      yield* first.release
      const second = yield* acquired(mine)
      assert.notStrictEqual((yield* record).metadata.uid, uid)
      assert.isTrue(BigInt(second.token) > BigInt(first.token))
    })))
})

describe("T2 validity", sideBySide, () => {
  it.effect("T2 counts from the sending of the acquiring write: a slow answer shortens the term", () =>
    scenario(Effect.gen(function*() {
      yield* inject(Fault.delayAnswer("3 seconds").pipe(Fault.on("create")))
      const held = yield* lasting("3 seconds")(acquired(mine))
      assert.strictEqual(yield* remainingMillis(held), 24_000)
      yield* outage
      yield* TestClock.adjust(23_999)
      assert.isTrue(yield* held.isHeld)
      yield* TestClock.adjust(1)
      assert.isFalse(yield* held.isHeld)
    })))

  it.effect("T2 a slow read before the acquiring write costs the term nothing", () =>
    scenario(Effect.gen(function*() {
      yield* inject(Fault.delayAnswer("3 seconds").pipe(Fault.on("get")))
      const held = yield* lasting("3 seconds")(acquired(mine))
      assert.strictEqual(yield* remainingMillis(held), 27_000)
    })))

  it.effect("T2 counts from the sending of a renewal: a slow answer shortens the term", () =>
    scenario(Effect.gen(function*() {
      const held = yield* acquired(mine)
      yield* inject(Fault.delayAnswer("3 seconds").pipe(Fault.on("patch")))
      yield* TestClock.adjust("12 seconds")
      assert.strictEqual(yield* remainingMillis(held), 15_000)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* remainingMillis(held), 24_000)
    })))

  for (
    const [title, what] of [
      ["F10 an event loop that stalled past the deadline", "stall"],
      ["F11 a machine that was suspended past the deadline", "suspend"]
    ] as const
  ) {
    it.effect(`T2 T4 ${title} holds nothing, before any timer has fired`, () =>
      scenario(withSplitClock((clock) =>
        Effect.gen(function*() {
          const held = yield* acquired(mine)
          yield* clock[what](26_999)
          assert.isTrue(yield* held.isHeld)
          assert.strictEqual(yield* remainingMillis(held), 1)
          yield* clock[what](1)
          assert.isFalse(yield* held.isHeld)
          assert.strictEqual(yield* remainingMillis(held), 0)
          assert.isEmpty(yield* Effect.flatMap(LeaseService, ({ held }) => held))
        })
      )))
  }

  it.effect("T2 a wall clock that stepped back lengthens no term", () =>
    scenario(withSplitClock((clock) =>
      Effect.gen(function*() {
        const held = yield* acquired(mine)
        yield* outage
        yield* clock.stepWall(-3_600_000)
        yield* TestClock.adjust(26_999)
        assert.isTrue(yield* held.isHeld)
        yield* TestClock.adjust(1)
        assert.strictEqual(yield* lossOf(held), "Expired")
      })
    )))

  it.effect("T2 a wall clock that stepped forward counts as time passed", () =>
    scenario(withSplitClock((clock) =>
      Effect.gen(function*() {
        const held = yield* acquired(mine)
        yield* clock.stepWall(20_000)
        assert.strictEqual(yield* remainingMillis(held), 7000)
        yield* TestClock.adjust("6 seconds")
        assert.strictEqual(yield* remainingMillis(held), 1000)
        yield* clock.stepWall(1000)
        assert.isFalse(yield* held.isHeld)
      })
    )))

  it.effect("T2 a renewal after a step of the wall clock gives the whole time again", () =>
    scenario(withSplitClock((clock) =>
      Effect.gen(function*() {
        const held = yield* acquired(mine)
        yield* clock.stepWall(-3_600_000)
        yield* TestClock.adjust("10 seconds")
        assert.strictEqual(yield* remainingMillis(held), 27_000)
        yield* clock.stepWall(3_600_000 + 5000)
        assert.isFalse(yield* held.isHeld)
      })
    )))
})

describe("T3 beginning", sideBySide, () => {
  it.effect("F9 nothing is held before the acquiring write is answered", () =>
    scenario(Effect.gen(function*() {
      yield* inject(Fault.delayAnswer("3 seconds").pipe(Fault.on("create")))
      const fiber = yield* Effect.fork(acquired(mine))
      yield* TestClock.adjust(2999)
      assert.strictEqual(yield* recordedHolder, "me")
      assert.isEmpty(yield* Effect.flatMap(LeaseService, ({ held }) => held))
      assert.isTrue(Option.isNone(yield* Fiber.poll(fiber)))
      yield* TestClock.adjust(1)
      assert.isTrue(yield* (yield* Fiber.join(fiber)).isHeld)
    })))

  /** A webhook that changes the spec of whatever is written. */
  const webhook = (change: (spec: LeaseSpec) => LeaseSpec) => (api: KubeApi["Type"]): KubeApi["Type"] => ({
    ...api,
    createLease: (draft) => api.createLease({ ...draft, spec: change(draft.spec) }),
    patchLease: (ref, patch) =>
      api.patchLease(
        ref,
        patch.spec.holderIdentity === mine.owner ? { ...patch, spec: { ...patch.spec, ...change({}) } } : patch
      )
  })

  it.effect("T3 an answer that shows another holder begins no term, and is left alone", () =>
    scenario(
      Effect.gen(function*() {
        assert.isTrue(Option.isNone(yield* lasting("4 seconds")(tryAcquire(mine))))
        assert.strictEqual(yield* recordedHolder, "webhook")
      }),
      { inFront: webhook((spec) => ({ ...spec, holderIdentity: "webhook" })) }
    ))

  it.effect("T3 an answer that shows another acquireTime begins no term, and is given back", () =>
    scenario(
      Effect.gen(function*() {
        const error = yield* lasting("4 seconds")(Effect.flip(tryAcquire(mine)))
        assert.include(error, { _tag: "Transient", kind: "Decode" })
        assert.isEmpty(yield* Effect.flatMap(LeaseService, ({ held }) => held))
        assert.isUndefined(yield* recordedHolder)
      }),
      { inFront: webhook((spec) => ({ ...spec, acquireTime: MicroTime(1_000_000n) })) }
    ))

  it.effect("T3 an answer that shows other transitions begins no term, and is given back", () =>
    scenario(
      Effect.gen(function*() {
        yield* recordOf({ holderIdentity: "", leaseTransitions: 3 })
        const error = yield* lasting("4 seconds")(Effect.flip(tryAcquire(mine)))
        assert.include(error, { _tag: "Transient", kind: "Decode" })
        assert.isEmpty(yield* Effect.flatMap(LeaseService, ({ held }) => held))
        assert.isUndefined(yield* recordedHolder)
      }),
      { inFront: webhook((spec) => ({ ...spec, leaseTransitions: 3 })) }
    ))

  for (const what of ["stall", "suspend"] as const) {
    it.effect(`T3 an answer that comes too late (${what}) begins no term, and what it told of is given back`, () =>
      scenario(withSplitClock((clock) =>
        Effect.gen(function*() {
          yield* inject(Fault.delayAnswer("1 second").pipe(Fault.on("create")))
          const fiber = yield* Effect.fork(Effect.flip(tryAcquire({ ...mine, acquireRetries: 0 })))
          yield* settle
          yield* clock[what]("26 seconds")
          assert.strictEqual(yield* recordedHolder, "me")
          yield* TestClock.adjust("1 second")
          assert.strictEqual((yield* Fiber.join(fiber))._tag, "Transient")
          assert.isUndefined(yield* recordedHolder)
        })
      )))
  }

  it.effect("T3 an answer in the last moment begins a term", () =>
    scenario(withSplitClock((clock) =>
      Effect.gen(function*() {
        yield* inject(Fault.delayAnswer("1 second").pipe(Fault.on("create")))
        // It is due for a renewal at once.
        yield* inject(Fault.unsent().pipe(Fault.on("patch")))
        const fiber = yield* Effect.fork(acquired({ ...mine, acquireRetries: 0 }))
        yield* settle
        yield* clock.stall(25_999)
        yield* TestClock.adjust("1 second")
        assert.strictEqual(yield* remainingMillis(yield* Fiber.join(fiber)), 1)
      })
    )))

  it.effect("T3 after an answer that came too late, a retry begins the next term", () =>
    scenario(withSplitClock((clock) =>
      Effect.gen(function*() {
        yield* inject(Fault.delayAnswer("1 second").pipe(Fault.on("create")))
        const fiber = yield* Effect.fork(acquired(mine))
        yield* settle
        yield* clock.suspend("26 seconds")
        yield* TestClock.adjust(1100)
        assert.isTrue(yield* (yield* Fiber.join(fiber)).isHeld)
        assert.strictEqual((yield* record).spec?.leaseTransitions, 1)
      })
    )))

  it.effect("T3 F28 F36 interrupted: the write that was sent runs out and is given back", () =>
    scenario(Effect.gen(function*() {
      yield* inject(Fault.landLate("3 seconds").pipe(Fault.on("create")))
      const fiber = yield* Effect.fork(tryAcquire(mine))
      yield* TestClock.adjust("1 second")
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual(yield* sentBy(TestClock.adjust(1999)), [])
      assert.deepStrictEqual((yield* sentBy(TestClock.adjust(1))).slice(-2), ["patch", "delete"])
      assert.isUndefined(yield* recordedHolder)
    })))

  it.effect("T3 F28 F36 timed out: the write that was sent runs out and is given back", () =>
    scenario(Effect.gen(function*() {
      yield* inject(Fault.delay("3 seconds").pipe(Fault.on("create")))
      const error = yield* lasting("2 seconds")(Effect.flip(tryAcquire({ ...mine, acquireTimeout: "2 seconds" })))
      assert.include(error, { _tag: "Transient", kind: "Timeout" })
      assert.deepStrictEqual((yield* sentBy(TestClock.adjust("1 second"))).slice(-2), ["patch", "delete"])
      assert.isUndefined(yield* recordedHolder)
    })))

  it.effect("T3 F28 interrupted: a write that landed without an answer is given back after requestTimeout", () =>
    scenario(Effect.gen(function*() {
      yield* inject(Fault.hang({ applied: true }).pipe(Fault.on("create")))
      const fiber = yield* Effect.fork(tryAcquire(mine))
      yield* TestClock.adjust("1 second")
      yield* Fiber.interrupt(fiber)
      yield* TestClock.adjust(3999)
      assert.strictEqual(yield* recordedHolder, "me")
      yield* TestClock.adjust(1)
      assert.isUndefined(yield* recordedHolder)
    })))

  it.effect("T3 F28 failed: a write that landed without an answer is given back before the failure is told", () =>
    scenario(Effect.gen(function*() {
      yield* inject(Fault.answerLost().pipe(Fault.on("create")))
      const error = yield* Effect.flip(tryAcquire({ ...mine, acquireRetries: 0 }))
      assert.include(error, { _tag: "Transient", kind: "Reset" })
      assert.isUndefined(yield* recordedHolder)
    })))

  it.effect("T3 F28 failed at a retry: what an earlier write landed is given back", () =>
    scenario(Effect.gen(function*() {
      yield* inject(Fault.answerLost().pipe(Fault.on("create")))
      yield* inject(Fault.forbidden().pipe(Fault.on("get"), Fault.skip(1), Fault.times(1)))
      const error = yield* lasting("100 millis")(Effect.flip(tryAcquire(mine)))
      assert.strictEqual(error._tag, "Forbidden")
      assert.isUndefined(yield* recordedHolder)
    })))

  it.effect("T3 X3 giving back leaves alone what somebody else has taken meanwhile", () =>
    scenario(Effect.gen(function*() {
      yield* inject(Fault.hang({ applied: true }).pipe(Fault.on("create")))
      const fiber = yield* Effect.fork(tryAcquire(mine))
      yield* TestClock.adjust("1 second")
      yield* Fiber.interrupt(fiber)
      const server = yield* MemoryServer
      yield* server.patch(ref, { spec: { holderIdentity: "admin" } })
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(yield* recordedHolder, "admin")
    })))

  it.effect("T3 X3 F22 giving back leaves alone the term of another process of the same name", () =>
    scenario(Effect.gen(function*() {
      yield* inject(Fault.hang().pipe(Fault.on("create")))
      const fiber = yield* Effect.fork(tryAcquire(mine))
      yield* TestClock.adjust("1 second")
      yield* Fiber.interrupt(fiber)
      const another = yield* anotherProcess
      const held = yield* another(acquired(mine))
      yield* TestClock.adjust("10 seconds")
      yield* held.verify
    })))

  it.effect("T3 a refused write has not happened, and nothing is given back", () =>
    scenario(Effect.gen(function*() {
      yield* inject(Fault.forbidden().pipe(Fault.on("create")))
      assert.deepStrictEqual(yield* sentBy(Effect.flip(tryAcquire(mine))), ["get", "create"])
    })))

  it.effect("T3 a mere read that is given up gives nothing back", () =>
    scenario(Effect.gen(function*() {
      yield* inject(Fault.hang().pipe(Fault.on("get")))
      assert.deepStrictEqual(yield* sentBy(lasting("4 seconds")(Effect.flip(tryAcquire(mine)))), ["get"])
      assert.deepStrictEqual(yield* sentBy(TestClock.adjust("10 seconds")), [])
    })))

  it.effect("T3 F36 a create that lands after its retry has succeeded does no harm", () =>
    scenario(Effect.gen(function*() {
      yield* inject(Fault.landLate("6 seconds").pipe(Fault.on("create"), Fault.times(1)))
      const held = yield* lasting("6 seconds")(acquired({ ...mine, acquireTimeout: "20 seconds" }))
      const { metadata: { uid }, spec } = yield* record
      assert.strictEqual(spec?.leaseTransitions, 0)
      yield* TestClock.adjust("1 minute")
      assert.isTrue(yield* held.isHeld)
      assert.strictEqual((yield* record).metadata.uid, uid)
    })))

  it.effect("T3 F36 a take that lands after its retry has succeeded does no harm", () =>
    scenario(Effect.gen(function*() {
      yield* recordOf({ holderIdentity: "", leaseTransitions: 3 })
      yield* inject(Fault.landLate("6 seconds").pipe(Fault.on("patch"), Fault.times(1)))
      const held = yield* lasting("6 seconds")(acquired({ ...mine, acquireTimeout: "20 seconds" }))
      yield* TestClock.adjust("1 minute")
      assert.isTrue(yield* held.isHeld)
      assert.strictEqual((yield* record).spec?.leaseTransitions, 4)
    })))
})

describe("T5 ending", sideBySide, () => {
  /** Two terms, of which the later one renews half a second after the ticks of the service, which are at whole seconds. */
  const betweenTicks = Effect.gen(function*() {
    yield* acquired({ ...mine, name: "another" })
    yield* TestClock.adjust(500)
    return yield* acquired(mine)
  })

  for (
    const [finder, find] of [
      ["isHeld", (held: HeldLease) => held.isHeld],
      ["remaining", (held: HeldLease) => held.remaining],
      ["ensureHeld", (held: HeldLease) => Effect.flip(held.ensureHeld)],
      ["verify", (held: HeldLease) => Effect.flip(held.verify)],
      ["release", (held: HeldLease) => held.release],
      ["the list of what is held", () => Effect.flatMap(LeaseService, ({ held }) => held)]
    ] as const
  ) {
    it.effect(`T5 ${finder} finds that the validity has passed: the term ends there, and nothing is sent`, () =>
      scenario(withSplitClock((clock) =>
        Effect.gen(function*() {
          const held = yield* acquired(mine)
          yield* clock.suspend("27 seconds")
          assert.isUndefined(yield* lossOf(held))
          assert.deepStrictEqual(yield* sentBy<unknown, unknown, LeaseService>(find(held)), [])
          assert.strictEqual(yield* lossOf(held), "Expired")
          assert.isFalse(yield* held.isHeld)
        })
      )))
  }

  it.effect("T5 the ticker finds that the validity has passed", () =>
    scenario(withSplitClock((clock) =>
      Effect.gen(function*() {
        const held = yield* acquired(mine)
        yield* TestClock.adjust(5200)
        yield* clock.suspend("1 minute")
        yield* TestClock.adjust(799)
        assert.isUndefined(yield* lossOf(held))
        yield* TestClock.adjust(1)
        assert.strictEqual(yield* lossOf(held), "Expired")
      })
    )))

  it.effect("T5 a renewal about to be sent finds that the validity has passed, and is not sent", () =>
    scenario(withSplitClock((clock) =>
      Effect.gen(function*() {
        const held = yield* betweenTicks
        yield* TestClock.adjust(9700)
        yield* clock.suspend("1 minute")
        assert.deepStrictEqual(yield* sentBy(TestClock.adjust(300)), [])
        assert.strictEqual(yield* lossOf(held), "Expired")
      })
    )))

  it.effect("T5 an answer finds that the validity has passed, and renews nothing", () =>
    scenario(withSplitClock((clock) =>
      Effect.gen(function*() {
        const held = yield* betweenTicks
        yield* inject(Fault.delayAnswer("300 millis").pipe(Fault.of(ref)))
        yield* TestClock.adjust(10_100)
        yield* clock.suspend("1 minute")
        yield* TestClock.adjust(199)
        assert.isUndefined(yield* lossOf(held))
        yield* TestClock.adjust(1)
        assert.strictEqual(yield* lossOf(held), "Expired")
      })
    )))

  it.effect("T5 F35 a later 2xx revives no term that was found to have ended", () =>
    scenario(withSplitClock((clock) =>
      Effect.gen(function*() {
        const held = yield* acquired(mine)
        yield* inject(Fault.delayAnswer("4 seconds").pipe(Fault.on("patch")))
        yield* TestClock.adjust("11 seconds")
        yield* clock.suspend("26 seconds")
        assert.isFalse(yield* held.isHeld)
        yield* TestClock.adjust("4 seconds")
        assert.isTrue(((yield* record).spec?.renewTime ?? 0n) > ((yield* record).spec?.acquireTime ?? 0n))
        assert.isFalse(yield* held.isHeld)
        assert.strictEqual(yield* remainingMillis(held), 0)
        assert.isEmpty(yield* Effect.flatMap(LeaseService, ({ held }) => held))
      })
    )))

  it.effect("T5 F18 every listener hears of a loss once, however often it is found", () =>
    scenario(Effect.gen(function*() {
      const held = yield* acquired(mine)
      const heard: Array<LostReason> = []
      const listen = Effect.fork(Effect.catchAll(held.lost, ({ reason }) => Effect.sync(() => heard.push(reason))))
      yield* listen
      yield* listen
      const server = yield* MemoryServer
      yield* server.patch(ref, { spec: { holderIdentity: "admin" } })
      yield* Effect.flip(held.verify)
      const { reason } = yield* Effect.flip(held.ensureHeld)
      yield* server.delete(ref)
      yield* TestClock.adjust("1 minute")
      assert.deepInclude(yield* Effect.flip(held.verify), { _tag: "LeaseLost", reason })
      assert.deepEqual(heard, [reason, reason])
      assert.deepEqual(reason, LostReason.TakenOver({ by: "admin" }))
    })))

  it.effect("T5 a released term is never lost", () =>
    scenario(withSplitClock((clock) =>
      Effect.gen(function*() {
        const held = yield* acquired(mine)
        yield* held.release
        yield* acquired(yours)
        yield* clock.stall("1 minute")
        yield* TestClock.adjust("1 second")
        assert.isFalse(yield* held.isHeld)
        assert.strictEqual((yield* Effect.flip(held.ensureHeld)).reason._tag, "Released")
        assert.isUndefined(yield* lossOf(held))
      })
    )))

  for (
    const [next, options] of [
      ["the next acquire", mine],
      ["an acquire under another name", yours]
    ] as const
  ) {
    it.effect(`T5 a loss is told before ${next} of this service resolves`, () =>
      scenario(withSplitClock((clock) =>
        Effect.gen(function*() {
          const events: Array<string> = []
          const held = yield* acquired(mine)
          yield* Effect.fork(Effect.catchAll(held.lost, () => Effect.sync(() => events.push("lost"))))
          yield* settle
          yield* clock.suspend("1 minute")
          const server = yield* MemoryServer
          yield* server.setClockOffset(60_000)
          yield* acquired(options)
          events.push("acquired")
          yield* settle
          assert.deepStrictEqual(events, ["lost", "acquired"])
        })
      )))
  }
})

describe("T6 written times", sideBySide, () => {
  const hour = 3_600_000

  /** By how much what was written last differs from the server's clock, which shows whole seconds. */
  const differenceMillis = (field: "acquireTime" | "renewTime") =>
    Effect.gen(function*() {
      const { serverDateMillis = NaN } = yield* (yield* MemoryServer).kubeApiAs("observer").getLease(ref)
      return Math.abs(serverDateMillis - (yield* recordedMillis(field)))
    })

  for (const [where, wallMillis] of [["ahead", 3 * hour], ["behind", -3 * hour]] as const) {
    for (
      const [what, before] of [
        ["creates", Effect.void],
        ["takes", recordOf({ holderIdentity: "" })]
      ] as const
    ) {
      it.effect(`T6 F2 a process whose clock is hours ${where} ${what}, learns the server's time and keeps to it`, () =>
        scenario(withSplitClock((clock) =>
          Effect.gen(function*() {
            yield* TestClock.adjust("1 day")
            yield* before
            yield* clock.stepWall(wallMillis)
            yield* TestClock.adjust("1 minute")
            yield* Effect.scoped(acquired(mine))
            yield* acquired(mine)
            assert.isAtMost(yield* differenceMillis("acquireTime"), 1000)
            assert.isAtMost(yield* differenceMillis("renewTime"), 1000)
            yield* TestClock.adjust("10 seconds")
            assert.isAtMost(yield* differenceMillis("renewTime"), 1000)
          })
        )))

      it.effect(`T6 F94 a process whose clock is hours ${where} ${what}, and corrects at once what it has written`, () =>
        scenario(withSplitClock((clock) =>
          Effect.gen(function*() {
            yield* TestClock.adjust("1 day")
            yield* before
            yield* clock.stepWall(wallMillis)
            yield* TestClock.adjust("1 minute")
            yield* acquired(mine)
            assert.isAbove(yield* differenceMillis("acquireTime"), 1000)
            yield* settle
            assert.isAtMost(yield* differenceMillis("renewTime"), 1000)
            yield* TestClock.adjust("10 seconds")
            assert.isAtMost(yield* differenceMillis("renewTime"), 1000)
          })
        )))
    }
  }

  it.effect("T6 F93 what a proxy makes of Date is written nowhere", () =>
    scenario(Effect.gen(function*() {
      yield* inject(Fault.dateShift(3 * hour))
      yield* acquired(mine)
      assert.isAtMost(yield* differenceMillis("acquireTime"), 1000)
      yield* TestClock.adjust("10 seconds")
      assert.isAtMost(yield* differenceMillis("renewTime"), 1000)
    })))

  it.effect("T6 a stamp that a write has not moved is not its own", () =>
    scenario(
      Effect.gen(function*() {
        yield* acquired({ ...mine, releaseMode: "clear" }).pipe(Effect.scoped)
        yield* TestClock.adjust("1 hour")
        yield* acquired(mine)
        assert.isAtMost(yield* differenceMillis("acquireTime"), 1000)
        assert.deepStrictEqual(yield* sentBy(settle), [])
      }),
      { server: { version: "1.24" } }
    ))

  it.effect("T6 a clearing release is written by the server's time", () =>
    scenario(withSplitClock((clock) =>
      Effect.gen(function*() {
        const held = yield* acquired({ ...mine, releaseMode: "clear" })
        yield* clock.stepWall(-3 * hour)
        yield* TestClock.adjust("15 seconds")
        yield* held.release
        assert.strictEqual(yield* recordedHolder, "")
        assert.isAtMost(yield* differenceMillis("renewTime"), 1000)
      })
    )))

  it.effect("T6 after a suspension, a create is soon written by the server's time", () =>
    scenario(withSplitClock((clock) =>
      Effect.gen(function*() {
        const server = yield* MemoryServer
        yield* Effect.scoped(acquired(mine))
        yield* clock.suspend("8 hours")
        yield* server.setClockOffset(8 * hour)
        yield* acquired(mine)
        yield* settle
        assert.isAtMost(yield* differenceMillis("renewTime"), 1000)
      })
    )))

  it.effect("T6 a slow answer does not set the server's time back", () =>
    scenario(Effect.gen(function*() {
      yield* acquired(mine)
      yield* inject(Fault.delayAnswer("4 seconds").pipe(Fault.times(1)))
      yield* TestClock.adjust("20 seconds")
      assert.isAtMost(yield* differenceMillis("renewTime"), 1000)
    })))

  it.effect("T6 renewTime grows with every write although the server's clock steps back", () =>
    scenario(Effect.gen(function*() {
      const server = yield* MemoryServer
      yield* TestClock.adjust("1 day")
      const held = yield* acquired({ ...mine, releaseMode: "clear" })
      const times = [yield* recordedMillis("renewTime")]
      for (let renewal = 0; renewal < 3; renewal++) {
        yield* server.setClockOffset(-hour * (renewal + 1))
        yield* TestClock.adjust("10 seconds")
        times.push(yield* recordedMillis("renewTime"))
      }
      assert.isTrue(yield* held.isHeld)
      yield* held.release
      times.push(yield* recordedMillis("renewTime"))
      assert.deepStrictEqual(times, Arr.sort(new Set(times), Order.number))
    })))

  it.effect("T6 renewTime grows although the clock stands still", () =>
    scenario(Effect.gen(function*() {
      const held = yield* acquired({ ...mine, releaseMode: "clear" })
      const acquiredAt = yield* recordedMillis("renewTime")
      yield* held.release
      assert.isAbove(yield* recordedMillis("renewTime"), acquiredAt)
    })))

  /** Answers every renewal with the record as it is, and leaves it so. */
  const deaf = (api: KubeApi["Type"]): KubeApi["Type"] => ({
    ...api,
    patchLease: (ref, patch) => patch.spec.holderIdentity === undefined ? api.getLease(ref) : api.patchLease(ref, patch)
  })

  it.effect("T6 a 2xx that does not advance the resourceVersion renews nothing", () =>
    scenario(
      Effect.gen(function*() {
        const held = yield* acquired(mine)
        yield* TestClock.adjust(26_999)
        assert.isTrue(yield* held.isHeld)
        assert.strictEqual(yield* remainingMillis(held), 1)
        yield* TestClock.adjust(1)
        const { message, reason } = yield* Effect.flip(held.lost)
        assert.strictEqual(reason._tag, "Expired")
        assert.include(message, "without changing the record")
      }),
      { inFront: deaf }
    ))
})
