import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as TestClock from "effect/TestClock"
import { assert, expectTypeOf } from "vitest"
import type { InvalidSettings } from "../../src/InvalidSettings.js"
import type { KubeError, WaitError } from "../../src/KubeError.js"
import { campaign, HeldLease, LeaseService, withLease, withLeaseIfFree } from "../../src/LeaseService.js"
import type { LeaseLost } from "../../src/LeaseTerm.js"
import { LostReason } from "../../src/LeaseTerm.js"
import * as Fault from "../../src/testing/Fault.js"
import { mine, ref, yours } from "../support/leases.js"
import * as Logs from "../support/logs.js"
import {
  anotherProcess,
  inject,
  lasting,
  recordedHolder,
  scenario,
  sentBy,
  server,
  settle,
  sideBySide,
  warnings
} from "../support/processes.js"
import { withSplitClock } from "../support/SplitClock.js"
import { liveHolder } from "../support/waiters.js"

const remove = server((server) => server.delete(ref))

const takenBy = (owner: string) =>
  server((server) => server.patch(ref, { spec: { holderIdentity: owner, leaseTransitions: 7 } }))

const ensureHeld = Effect.flatMap(HeldLease, ({ ensureHeld }) => ensureHeld)

describe("withLease", sideBySide, () => {
  it.effect("W3 runs under the term, gives the result, and has released by then", () =>
    scenario(Effect.gen(function*() {
      const result = yield* Effect.gen(function*() {
        const lease = yield* HeldLease
        assert.isTrue(yield* lease.isHeld)
        return yield* recordedHolder
      }).pipe(withLease(mine))
      assert.strictEqual(result, "me")
      assert.isUndefined(yield* recordedHolder)
    })))

  it.effect("W3 waits for the lease", () =>
    scenario(Effect.gen(function*() {
      const { held } = yield* liveHolder
      const running = yield* Effect.fork(withLease(Effect.succeed("done"), mine))
      yield* settle
      assert.isTrue(Option.isNone(yield* Fiber.poll(running)))
      yield* held.release
      assert.strictEqual(yield* Fiber.join(running), "done")
    })))

  for (
    const [how, end] of [
      ["succeeds", Effect.void],
      ["fails", Effect.fail("failure")],
      ["is interrupted", Effect.interrupt]
    ] as const
  ) {
    it.effect(`W3 F3 an effect that ${how} has ended its finalizers before the release is sent`, () =>
      scenario(Effect.gen(function*() {
        const during: Array<unknown> = []
        const running = yield* Effect.fork(
          Effect.acquireUseRelease(
            Effect.void,
            () => end,
            () =>
              Effect.gen(function*() {
                yield* Effect.sleep("20 seconds")
                during.push(yield* Effect.orDie(recordedHolder))
              })
          ).pipe(withLease(mine), Effect.exit)
        )
        yield* TestClock.adjust("20 seconds")
        const exit = yield* Effect.flatten(Fiber.join(running)).pipe(Effect.exit)
        assert.strictEqual(Exit.isSuccess(exit), how === "succeeds")
        assert.deepStrictEqual(during, ["me"])
        assert.isUndefined(yield* recordedHolder)
      })))
  }

  it.effect("W3 F3 its own interruption lets the finalizers end, then releases", () =>
    scenario(Effect.gen(function*() {
      const during: Array<unknown> = []
      const running = yield* Effect.never.pipe(
        Effect.ensuring(Effect.zipRight(
          Effect.sleep("20 seconds"),
          Effect.flatMap(Effect.orDie(recordedHolder), (holder) => Effect.sync(() => during.push(holder)))
        )),
        withLease(mine),
        Effect.fork
      )
      yield* settle
      const interrupting = yield* Effect.fork(Fiber.interrupt(running))
      yield* TestClock.adjust("20 seconds")
      yield* Fiber.join(interrupting)
      assert.deepStrictEqual(during, ["me"])
      assert.isUndefined(yield* recordedHolder)
    })))

  it.effect("W3 a loss interrupts the effect, lets its finalizers end, and fails with LeaseLost", () =>
    scenario(Effect.gen(function*() {
      let finalized = false
      const running = yield* Effect.never.pipe(
        Effect.ensuring(Effect.sync(() => {
          finalized = true
        })),
        withLease(mine),
        Effect.fork
      )
      yield* settle
      yield* takenBy("you")
      yield* TestClock.adjust("10 seconds")
      const lost = yield* Effect.flip(Fiber.join(running))
      assert.deepInclude(lost, { _tag: "LeaseLost" })
      assert.isTrue(finalized)
      assert.strictEqual(yield* recordedHolder, "you")
    })))

  it.effect("W3 a release that fails is logged, and the result stays", () =>
    scenario(
      Effect.gen(function*() {
        const running = yield* Effect.fork(withLease(Effect.as(inject(Fault.unsent()), "done"), mine))
        yield* TestClock.adjust("10 seconds")
        assert.strictEqual(yield* Fiber.join(running), "done")
        assert.lengthOf((yield* warnings).filter((text) => text.includes("Cannot release")), 1)
      }).pipe(Effect.scoped)
    ))

  it.effect("W3 an effect that cannot be interrupted and ends after the loss fails all the same", () =>
    scenario(Effect.gen(function*() {
      const lost = yield* Effect.zipRight(remove, Effect.flip(Effect.flatMap(HeldLease, ({ verify }) => verify))).pipe(
        Effect.zipRight(Effect.sleep("1 second")),
        Effect.uninterruptible,
        withLease(mine),
        Effect.flip,
        lasting("1 second")
      )
      assert.propertyVal(lost, "_tag", "LeaseLost")
    })))

  it.effect("F79 an effect that fails because a store has refused its token fails with LeaseLost: the server is asked", () =>
    scenario(Effect.gen(function*() {
      let told = 0
      for (const refusal of [Effect.fail("refused"), Effect.die("refused")]) {
        const lost = yield* Effect.zipRight(takenBy("you"), refusal).pipe(withLease(mine), Effect.flip)
        assert.deepInclude(lost, { _tag: "LeaseLost" })
        told += 1
        assert.lengthOf((yield* warnings).filter((text) => text.includes("taken for the reason")), told)
        yield* remove
        yield* TestClock.adjust("1 minute")
      }
    })))

  it.effect("F79 a failure under a term that stands, or that the server cannot be asked about, is the effect's own", () =>
    scenario(
      Effect.gen(function*() {
        assert.strictEqual(yield* Effect.flip(withLease(Effect.fail("mine"), mine)), "mine")
        const failing = Effect.zipRight(inject(Fault.serviceUnavailable()), Effect.fail("mine"))
        const running = yield* Effect.fork(Effect.flip(withLease(failing, mine)))
        yield* TestClock.adjust("20 seconds")
        assert.strictEqual(yield* Fiber.join(running), "mine")
      }).pipe(Effect.scoped)
    ))

  it.effect("F79 T5 an effect that ends past the deadline has lost its term, although nobody has noticed yet", () =>
    withSplitClock(({ stall }) =>
      scenario(Effect.gen(function*() {
        for (const end of [Effect.void, Effect.fail("refused"), Effect.die("refused")]) {
          const lost = yield* Effect.flip(withLease(Effect.zipRight(stall("28 seconds"), end), mine))
          assert.deepInclude(lost, { _tag: "LeaseLost", reason: LostReason.Expired({ lastError: Option.none() }) })
        }
      }))
    ))

  it.effect("F80 an effect does not begin under a term that has run out on the way", () =>
    withSplitClock(({ stall }) =>
      scenario(Effect.gen(function*() {
        let ran = false
        const service = yield* LeaseService
        const late = LeaseService.of({
          ...service,
          acquire: (options) => Effect.zipLeft(service.acquire(options), stall("28 seconds")),
          tryAcquire: (options) => Effect.zipLeft(service.tryAcquire(options), stall("28 seconds"))
        })
        const job = Effect.sync(() => {
          ran = true
        })
        for (const run of [withLease(job, mine), withLeaseIfFree(job, mine)]) {
          const lost = yield* Effect.flip(Effect.provideService(run, LeaseService, late))
          assert.deepInclude(lost, { _tag: "LeaseLost" })
        }
        assert.isFalse(ran)
      }))
    ))

  it.effect("F82 an effect that fails under a lease is not logged as an unhandled error", () =>
    scenario(Effect.gen(function*() {
      yield* Effect.exit(withLease(Effect.fail("mine"), mine))
      assert.isFalse((yield* Effect.flatten(Logs.Logs)).some(({ text }) => text.includes("unhandled")))
    })).pipe(Logger.withMinimumLogLevel(LogLevel.All)))

  it.effect("W3 a release within the effect is no loss", () =>
    scenario(Effect.gen(function*() {
      const result = yield* Effect.flatMap(HeldLease, ({ release }) => Effect.as(release, "done")).pipe(withLease(mine))
      assert.strictEqual(result, "done")
    })))
})

describe("withLeaseIfFree", sideBySide, () => {
  it.effect("W3 runs if the lease is free, and gives none if somebody else holds it", () =>
    scenario(Effect.gen(function*() {
      assert.deepStrictEqual(yield* withLeaseIfFree(Effect.succeed(1), mine), Option.some(1))
      const { held } = yield* liveHolder
      let ran = false
      const none = yield* withLeaseIfFree(Effect.sync(() => ran = true), mine)
      assert.isTrue(Option.isNone(none))
      assert.isFalse(ran)
      assert.isTrue(yield* held.isHeld)
    })))

  it.effect("P2 fails if it cannot tell", () =>
    scenario(Effect.gen(function*() {
      yield* inject(Fault.forbidden())
      const error = yield* Effect.flip(withLeaseIfFree(Effect.void, mine))
      assert.strictEqual(error._tag, "Forbidden")
    })))
})

/** Counts the terms of a campaign that holds on to each. */
const campaigning = (options = mine) =>
  Effect.gen(function*() {
    const terms: Array<string> = []
    const fiber = yield* Effect.flatMap(HeldLease, ({ token }) => Effect.sync(() => terms.push(token))).pipe(
      Effect.zipRight(Effect.never),
      campaign(options),
      Effect.forkScoped
    )
    yield* settle
    return { terms, fiber }
  })

describe("campaign", sideBySide, () => {
  it.effect("W4 F21 runs again after its term has been taken over and that has ended", () =>
    scenario(Effect.gen(function*() {
      const { terms } = yield* campaigning()
      yield* takenBy("you")
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(yield* recordedHolder, "you")
      yield* TestClock.adjust("32 seconds")
      assert.lengthOf(terms, 2)
      assert.strictEqual(yield* recordedHolder, "me")
    })))

  it.effect("W4 F21 runs again after the record was deleted, without a pause", () =>
    scenario(Effect.gen(function*() {
      const { terms } = yield* campaigning()
      yield* remove
      yield* TestClock.adjust("10 seconds")
      assert.lengthOf(terms, 2)
    })))

  it.effect("W4 F21 runs again after an outage that its term did not survive", () =>
    scenario(Effect.gen(function*() {
      const { fiber, terms } = yield* campaigning()
      yield* inject(Fault.forbidden().pipe(Fault.lasting("1 minute")))
      yield* TestClock.adjust("75 seconds")
      assert.lengthOf(terms, 2)
      assert.isTrue(Option.isNone(yield* Fiber.poll(fiber)))
    })))

  it.effect("F21 F79 an effect that meets the loss before the server has told of it: runs again, without a pause", () =>
    scenario(Effect.gen(function*() {
      let terms = 0
      const fiber = yield* Effect.suspend(() =>
        ++terms > 1 ? Effect.never : Effect.zipRight(takenBy(""), Effect.fail("the store knows of a newer token"))
      ).pipe(campaign(mine), Effect.forkScoped)
      yield* settle
      assert.strictEqual(terms, 2)
      assert.isTrue(Option.isNone(yield* Fiber.poll(fiber)))
    })))

  it.effect("W4 after an end of its own it leaves others one interval", () =>
    scenario(Effect.gen(function*() {
      let terms = 0
      yield* Effect.forkScoped(campaign(Effect.sync(() => terms += 1), mine))
      yield* TestClock.adjust(9_999)
      assert.strictEqual(terms, 1)
      assert.isUndefined(yield* recordedHolder)
      yield* TestClock.adjust(1)
      assert.strictEqual(terms, 2)
    })))

  it.effect("W4 also if the effect has released its term and then asks for it", () =>
    scenario(Effect.gen(function*() {
      let terms = 0
      yield* Effect.gen(function*() {
        terms += 1
        yield* Effect.flatMap(HeldLease, ({ release }) => release)
        yield* ensureHeld
      }).pipe(campaign(mine), Effect.forkScoped)
      yield* TestClock.adjust(9_999)
      assert.strictEqual(terms, 1)
    })))

  it.effect("W4 also if the effect has lost another lease", () =>
    scenario(Effect.gen(function*() {
      let terms = 0
      const inner = Effect.zipRight(
        server((server) => server.delete({ ...ref, name: "another" })),
        Effect.flatMap(HeldLease, ({ verify }) => verify)
      ).pipe(withLease({ ...mine, name: "another" }))
      yield* Effect.forkScoped(campaign(Effect.zipRight(Effect.sync(() => terms += 1), inner), mine))
      yield* TestClock.adjust(9_999)
      assert.strictEqual(terms, 1)
    })))

  it.effect("W4 a failure of the effect releases, then fails", () =>
    scenario(Effect.gen(function*() {
      const failure = yield* Effect.flip(campaign(Effect.fail("failure"), mine))
      assert.strictEqual(failure, "failure")
      assert.isUndefined(yield* recordedHolder)
    })))

  it.effect("F23 a missing right fails the campaign before its first term", () =>
    scenario(Effect.gen(function*() {
      yield* inject(Fault.forbidden())
      assert.deepInclude(yield* Effect.flip(campaign(Effect.void, mine)), { _tag: "Forbidden" })
    })))

  it.effect("F43 two campaigns with one name settle", () =>
    scenario(Effect.gen(function*() {
      const another = yield* anotherProcess
      const first = yield* campaigning()
      const second = yield* another(campaigning())
      yield* TestClock.adjust("2 minutes")
      const settled = first.terms.length + second.terms.length
      yield* TestClock.adjust("2 minutes")
      assert.strictEqual(first.terms.length + second.terms.length, settled)
      assert.isAtMost(settled, 3)
    })), 60_000)

  it.effect("F43 two of one service take turns", () =>
    scenario(Effect.gen(function*() {
      const first = yield* campaigning()
      const second = yield* campaigning()
      yield* TestClock.adjust("30 seconds")
      assert.lengthOf(second.terms, 0)
      yield* Fiber.interrupt(first.fiber)
      yield* settle
      assert.lengthOf(second.terms, 1)
    })))

  it.effect("W4 an effect that is interrupted ends the campaign, and the lease is released", () =>
    scenario(Effect.gen(function*() {
      const { fiber } = yield* campaigning()
      yield* Fiber.interrupt(fiber)
      assert.isUndefined(yield* recordedHolder)
      const sent = yield* sentBy(TestClock.adjust("1 minute"))
      assert.isEmpty(sent)
    })))
})

describe("types", () => {
  interface Ledger {
    readonly ledger: unique symbol
  }
  const effect: Effect.Effect<
    number,
    "failure",
    HeldLease | Scope.Scope | Ledger
  > = Effect.never

  it("withLease discharges HeldLease, and leaves the effect its Scope and its errors", () => {
    const piped = effect.pipe(withLease(yours))
    expectTypeOf(piped).toEqualTypeOf<
      Effect.Effect<
        number,
        "failure" | LeaseLost | WaitError | InvalidSettings,
        LeaseService | Scope.Scope | Ledger
      >
    >()
    expectTypeOf(withLease(effect, yours)).toEqualTypeOf(piped)
  })

  it("withLeaseIfFree gives an Option, and every error", () => {
    const piped = effect.pipe(withLeaseIfFree(yours))
    expectTypeOf(piped).toEqualTypeOf<
      Effect.Effect<
        Option.Option<number>,
        "failure" | LeaseLost | KubeError | InvalidSettings,
        LeaseService | Scope.Scope | Ledger
      >
    >()
    expectTypeOf(withLeaseIfFree(effect, yours)).toEqualTypeOf(piped)
  })

  it("campaign never succeeds, and takes a LeaseLost of the effect to itself", () => {
    const piped = Effect.zipRight(ensureHeld, effect).pipe(campaign(yours))
    expectTypeOf(piped).toEqualTypeOf<
      Effect.Effect<never, "failure" | WaitError | InvalidSettings, LeaseService | Scope.Scope | Ledger>
    >()
  })
})
