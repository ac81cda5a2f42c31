import { describe, it } from "@effect/vitest"
import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/TestClock"
import { assert } from "vitest"
import { KubeApi } from "../../src/KubeApi.js"
import { MemoryServer } from "../../src/KubeApiMemory.js"
import * as LeaseServiceModule from "../../src/LeaseService.js"
import * as Fault from "../../src/testing/Fault.js"
import { acquired, mine, OneService, tryAcquire, yours } from "../support/leases.js"
import { leavingNothing } from "../support/leavingNothing.js"
import { anotherProcess, inject, recordedHolder, recordOf, scenario, settle, sideBySide } from "../support/processes.js"

const stepsOf = (count: number) => Effect.yieldNow().pipe(Effect.repeatN(count))

const leaseOf = (step: number) => ({ ...mine, name: `lease-${step}` })

const noRecordIsLeft = Effect.gen(function*() {
  const left = yield* (yield* MemoryServer).list
  assert.isEmpty(left.map(({ metadata }) => metadata))
})

/**
 * A lease for each step at which something may happen to its acquire, all at the same time. Every fiber makes so many
 * operations at most before others have their turn, so that a step can be in the middle of anything.
 */
const atEveryStep = <A, E, R>(
  [operations, steps]: readonly [number, number],
  test: (step: number) => Effect.Effect<A, E, R>
) =>
  Effect.forEach(Arr.range(0, steps), test, { concurrency: "unbounded", discard: true }).pipe(
    Effect.withMaxOpsBeforeYield(operations),
    leavingNothing,
    Effect.zipRight(noRecordIsLeft),
    Effect.provide(Layer.merge(OneService, Logger.remove(Logger.defaultLogger)))
  )

// Under the live clock, for the `TestClock` keeps every timer that has been given up. No time passes.
describe("at any step of the scheduler", { timeout: 20_000 }, () => {
  const coarse = [2048, 25] as const
  const fine = [[31, 60], [26, 60], [22, 60]] as const

  for (const granularity of [coarse, ...fine]) {
    const title = `(${granularity[0]} operations a step)`

    it.live(`T3 F24 F28 an interrupted acquire leaves nothing behind ${title}`, () => {
      let holding = 0
      return atEveryStep(granularity, (step) =>
        Effect.gen(function*() {
          const fiber = yield* tryAcquire(leaseOf(step)).pipe(
            Effect.tap(() => Effect.sync(() => holding += 1)),
            Effect.zipRight(Effect.never),
            Effect.scoped,
            Effect.fork
          )
          yield* stepsOf(step)
          yield* Fiber.interrupt(fiber)
        })).pipe(
          // Some came too early for it, and some too late.
          Effect.zipRight(Effect.sync(() => assert.isTrue(0 < holding && holding < granularity[1], `${holding} held`)))
        )
    })

    it.live(`A4 T3 an interrupted acquire leaves the lease to the next one of this process ${title}`, () =>
      atEveryStep(granularity, (step) =>
        Effect.gen(function*() {
          const fiber = yield* Effect.fork(Effect.scoped(Effect.zipRight(tryAcquire(leaseOf(step)), Effect.never)))
          yield* stepsOf(step)
          yield* Fiber.interrupt(fiber)
          assert.isTrue(Option.isSome(yield* Effect.scoped(tryAcquire(leaseOf(step)))), `after ${step} steps`)
        })))
  }

  for (const granularity of [coarse, ...fine]) {
    it.live(`X1 a service that closes as a release begins awaits it (${granularity[0]} operations a step)`, () =>
      atEveryStep(granularity, (step) =>
        Effect.gen(function*() {
          const scope = yield* Scope.make()
          const service = yield* Layer.buildWithScope(LeaseServiceModule.layer, scope)
          const held = yield* Effect.provide(acquired(leaseOf(step)), service)
          const releasing = yield* Effect.fork(held.release)
          yield* stepsOf(step)
          yield* Scope.close(scope, Exit.void)
          yield* Fiber.join(releasing)
        }).pipe(Effect.scoped)))
  }

  it.live("A4 a release leaves the lease to the next acquire, which waits for it", () =>
    atEveryStep(coarse, (step) =>
      Effect.scoped(Effect.gen(function*() {
        const held = yield* acquired(leaseOf(step))
        yield* Effect.fork(held.release)
        do {
          yield* stepsOf(step)
        } while (yield* held.isHeld)
        yield* acquired(leaseOf(step))
        const { metadata, spec } = yield* Effect.flatMap(KubeApi, (api) => api.getLease(leaseOf(step)))
        assert.include(spec, { leaseTransitions: 0 }, `${metadata.name} is created anew`)
      }))))

  it.live("A4 an interrupted acquire leaves their turn to those that wait behind it", () =>
    atEveryStep(coarse, (step) =>
      Effect.gen(function*() {
        const attempt = Effect.scoped(tryAcquire(leaseOf(step)))
        const first = yield* Effect.fork(attempt)
        const second = yield* Effect.fork(attempt)
        const third = yield* Effect.fork(attempt)
        yield* stepsOf(step)
        yield* Fiber.interrupt(second)
        assert.isTrue(Option.isSome(yield* Fiber.join(first)), `after ${step} steps`)
        yield* Fiber.join(third)
      })))
})

describe("an acquire that is interrupted", sideBySide, () => {
  const second = "1 second"

  for (
    const [where, fault, vacant] of [
      ["before the read", Fault.delay(second).pipe(Fault.on("get")), false],
      ["before the answer to the read", Fault.delayAnswer(second).pipe(Fault.on("get")), false],
      ["before the create lands", Fault.delay(second).pipe(Fault.on("create")), false],
      ["before the create lands for good", Fault.landLate(second).pipe(Fault.on("create")), false],
      ["before the answer to the create", Fault.delayAnswer(second).pipe(Fault.on("create")), false],
      ["when the answer to the create never comes", Fault.hang({ applied: true }).pipe(Fault.on("create")), false],
      ["when the create never lands", Fault.hang().pipe(Fault.on("create")), false],
      ["before the take lands", Fault.delay(second).pipe(Fault.on("patch"), Fault.times(1)), true],
      ["before the take lands for good", Fault.landLate(second).pipe(Fault.on("patch"), Fault.times(1)), true],
      ["before the answer to the take", Fault.delayAnswer(second).pipe(Fault.on("patch"), Fault.times(1)), true],
      [
        "when the answer to the take never comes",
        Fault.hang({ applied: true }).pipe(Fault.on("patch"), Fault.times(1)),
        true
      ],
      ["between two tries", Fault.tooManyRequests("2 seconds").pipe(Fault.times(1)), false],
      [
        "between two tries, of which the first landed",
        Fault.answerLost().pipe(Fault.on("create"), Fault.times(1)),
        false
      ]
    ] as const
  ) {
    it.effect(`T3 F28 ${where}: in the end nobody's record names it, and the lease is free`, () =>
      scenario(Effect.gen(function*() {
        if (vacant) {
          yield* recordOf({ holderIdentity: "" })
        }
        yield* leavingNothing(Effect.scoped(Effect.gen(function*() {
          yield* inject(fault)
          const attempt = yield* Effect.fork(Effect.scoped(tryAcquire({ ...mine, acquireRetryDelay: "2 seconds" })))
          yield* TestClock.adjust(500)
          assert.isTrue(Option.isNone(yield* Fiber.poll(attempt)))
          yield* Fiber.interrupt(attempt)
          // requestTimeout, releaseTimeout
          yield* TestClock.adjust("9 seconds")
        })))
        assert.notStrictEqual(yield* recordedHolder, "me")
        const another = yield* anotherProcess
        yield* another(acquired(yours))
      })))
  }

  for (const vacant of [false, true]) {
    const what = vacant ? "take" : "create"
    /** A proxy sends an acquiring write twice, and gives the second answer. */
    const behindProxy = Effect.gen(function*() {
      if (vacant) {
        yield* recordOf({ holderIdentity: "" })
      }
      const api = yield* KubeApi
      const twice = <A, E>(write: Effect.Effect<A, E>) => Effect.zipRight(write, Effect.delay(write, "1 second"))
      return yield* Layer.build(LeaseServiceModule.layer).pipe(
        Effect.provideService(KubeApi, {
          ...api,
          createLease: (draft) => twice(api.createLease(draft)),
          patchLease: (ref, patch) =>
            patch.spec.holderIdentity === "me" ? twice(api.patchLease(ref, patch)) : api.patchLease(ref, patch)
        })
      )
    })

    it.effect(`T3 F28 a ${what} that a proxy sends twice is given back after the last retry`, () =>
      scenario(Effect.gen(function*() {
        const service = yield* behindProxy
        const attempt = yield* Effect.fork(
          Effect.provide(Effect.scoped(tryAcquire({ ...mine, acquireRetries: 0 })), service)
        )
        yield* TestClock.adjust(500)
        assert.strictEqual(yield* recordedHolder, "me")
        yield* TestClock.adjust("3 seconds")
        assert.include(yield* Effect.flip(Fiber.join(attempt)), { _tag: "Conflict" })
        assert.notStrictEqual(yield* recordedHolder, "me")
      })))

    it.effect(`T3 F28 a proxy sends its ${what} twice: the conflict that answers hides what has landed`, () =>
      scenario(Effect.gen(function*() {
        const service = yield* behindProxy
        const attempt = yield* Effect.fork(Effect.provide(Effect.scoped(tryAcquire(mine)), service))
        yield* TestClock.adjust(500)
        assert.strictEqual(yield* recordedHolder, "me")
        yield* Fiber.interrupt(attempt)
        yield* TestClock.adjust("9 seconds")
        assert.notStrictEqual(yield* recordedHolder, "me")
      })))
  }

  it.effect("T3 X4 gives back also when the first tries to give back fail", () =>
    scenario(leavingNothing(Effect.gen(function*() {
      yield* inject(Fault.delayAnswer("1 second").pipe(Fault.on("create")))
      yield* inject(Fault.serviceUnavailable().pipe(Fault.on("patch"), Fault.times(2)))
      const attempt = yield* Effect.fork(Effect.scoped(tryAcquire(mine)))
      yield* TestClock.adjust(500)
      yield* Fiber.interrupt(attempt)
      yield* TestClock.adjust("5 seconds")
      assert.isUndefined(yield* recordedHolder)
    }))))

  it.effect("T3 what cannot be given back ends by its duration", () =>
    scenario(leavingNothing(Effect.scoped(Effect.gen(function*() {
      yield* inject(Fault.delayAnswer("1 second").pipe(Fault.on("create")))
      yield* inject(Fault.unsent().pipe(Fault.on("patch")))
      const attempt = yield* Effect.fork(Effect.scoped(tryAcquire(mine)))
      yield* TestClock.adjust(500)
      yield* Fiber.interrupt(attempt)
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(yield* recordedHolder, "me")
      const another = yield* anotherProcess
      assert.isTrue(Option.isNone(yield* another(tryAcquire(yours))))
      yield* TestClock.adjust("30 seconds")
      yield* Effect.scoped(another(acquired(yours)))
    })))))

  it.effect("T3 a service that closes gives back what its acquires have sent", () =>
    scenario(Effect.gen(function*() {
      const scope = yield* Scope.make()
      const service = yield* Layer.buildWithScope(LeaseServiceModule.layer, scope)
      yield* inject(Fault.delayAnswer("1 second").pipe(Fault.on("create")))
      const attempt = yield* Effect.fork(Effect.scoped(Effect.provide(tryAcquire(mine), service)))
      yield* TestClock.adjust(500)
      const closing = yield* Effect.fork(Scope.close(scope, Exit.void))
      yield* settle
      assert.strictEqual(yield* recordedHolder, "me")
      yield* TestClock.adjust(500)
      yield* Fiber.join(closing)
      assert.isUndefined(yield* recordedHolder)
      yield* Fiber.await(attempt)
    })))
})
