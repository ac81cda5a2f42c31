import { describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import { assert } from "vitest"
import { LeaseService } from "../../src/LeaseService.js"
import * as LeaseServiceModule from "../../src/LeaseService.js"
import type { LostReason } from "../../src/LeaseTerm.js"
import * as Fault from "../../src/testing/Fault.js"
import * as Holding from "../support/holding.js"
import { advanceTo, answer, clearFaults, edit, holding, reasonOf, remove, takenBy } from "../support/holding.js"
import { acquired, mine, tryAcquire, yours } from "../support/leases.js"
import { countedApart, observed, total } from "../support/metrics.js"
import { inject, lasting, recordOf } from "../support/processes.js"

const scenario: typeof Holding.scenario = (title, test) => Holding.scenario(title, countedApart(test))

const held = total("kubernetes_lease_held")
const begun = total("kubernetes_lease_terms_total")

const reasons: ReadonlyArray<LostReason["_tag"]> = ["TakenOver", "Deleted", "Expired", "Failed", "Released"]

const byLabel = (name: string, label: string, values: ReadonlyArray<string>) =>
  Effect.map(
    Effect.forEach(values, (value) => Effect.map(total(name, { [label]: value }), (count) => [value, count] as const)),
    (counts) => Object.fromEntries(counts.filter(([, count]) => count !== undefined))
  )

/** Those that are not zero. */
const losses = byLabel("kubernetes_lease_lost_total", "reason", reasons)

const renewals = byLabel("kubernetes_lease_renewals_total", "outcome", ["acknowledged", "failed", "lost"])

const other = { ...mine, name: "other" }

describe.concurrent("metrics: held, terms_total and lost_total", () => {
  scenario(
    "kubernetes_lease_held goes up with each term and down with each release",
    Effect.gen(function*() {
      const first = yield* acquired(mine)
      assert.strictEqual(yield* held, 1)
      const second = yield* acquired(other)
      assert.strictEqual(yield* held, 2)
      yield* first.release
      assert.strictEqual(yield* held, 1)
      yield* second.release
      yield* second.release
      assert.strictEqual(yield* held, 0)
      assert.strictEqual(yield* begun, 2)
      assert.deepStrictEqual(yield* losses, {})
    })
  )

  const endings: ReadonlyArray<
    readonly [LostReason["_tag"], Effect.Effect<void, never, Holding.TestServices | Scope.Scope>, seconds: number]
  > = [
    ["TakenOver", edit(takenBy("you")), 10],
    ["Deleted", remove, 10],
    ["Expired", inject(Fault.unsent()), 27],
    ["Failed", answer({ patch: () => Effect.die(new Error("a bug")) }), 10]
  ]
  for (const [reason, end, seconds] of endings) {
    scenario(
      `T5 a loss is counted once, and the term no longer as held: ${reason}`,
      Effect.gen(function*() {
        const { held: term, loss } = yield* holding
        yield* end
        yield* advanceTo(seconds - 0.001)
        assert.strictEqual(yield* held, 1)
        assert.deepStrictEqual(yield* losses, {})
        yield* advanceTo(seconds)
        assert.strictEqual(reasonOf(yield* loss), reason)
        assert.strictEqual(yield* held, 0)
        assert.deepStrictEqual(yield* losses, { [reason]: 1 })
        assert.isFalse(yield* term.isHeld)
        yield* term.release
        yield* advanceTo(60)
        assert.strictEqual(yield* held, 0)
        assert.deepStrictEqual(yield* losses, { [reason]: 1 })
        assert.strictEqual(yield* begun, 1)
      })
    )
  }

  scenario(
    "one loss among two terms leaves the other counted",
    Effect.gen(function*() {
      yield* acquired(mine)
      yield* acquired(other)
      yield* remove
      yield* advanceTo(10)
      assert.strictEqual(yield* held, 1)
      assert.deepStrictEqual(yield* losses, { Deleted: 1 })
    })
  )

  scenario(
    "what is no term counts as none: contention, a failure, an answer that comes too late (T3)",
    Effect.gen(function*() {
      yield* acquired(mine)
      yield* tryAcquire(yours)
      yield* inject(Fault.forbidden().pipe(Fault.on("get"), Fault.times(1)))
      yield* Effect.flip(tryAcquire(other))
      yield* inject(Fault.landLate("28 seconds").pipe(Fault.on("create")))
      const late = yield* Effect.fork(Effect.exit(tryAcquire({ ...other, requestTimeout: "2 seconds" })))
      yield* advanceTo(8)
      assert.isTrue(Exit.isFailure(yield* Fiber.join(late)))
      assert.strictEqual(yield* begun, 1)
      assert.strictEqual(yield* held, 1)
    })
  )

  scenario(
    "a term counts under the labels that it began under, whoever ends it, and how",
    Effect.gen(function*() {
      const began = (label: string) => Effect.tagMetrics("app", label)
      const a = yield* acquired(mine).pipe(began("a"))
      yield* acquired(other).pipe(began("b"))
      yield* a.release
      const counts = Effect.all([held, held.pipe(began("a")), held.pipe(began("b"))])
      assert.deepStrictEqual(yield* counts, [undefined, 0, 1])
      yield* acquired(mine).pipe(began("a"))
      yield* inject(Fault.unsent())
      yield* advanceTo(27)
      assert.deepStrictEqual(yield* counts, [undefined, 0, 0])
      assert.deepStrictEqual(yield* losses.pipe(began("a")), { Expired: 1 })
      assert.deepStrictEqual(yield* losses.pipe(began("b")), { Expired: 1 })
      assert.deepStrictEqual(yield* losses, {})
    })
  )

  scenario(
    "a service that closes holds nothing, and has lost nothing",
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const service = yield* Layer.buildWithScope(Layer.fresh(LeaseServiceModule.layer), scope)
      yield* Effect.all(
        [mine, other].map((options) => Effect.flatMap(LeaseService, (service) => service.tryAcquire(options)))
      ).pipe(Effect.provide(service))
      assert.strictEqual(yield* held, 2)
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual(yield* held, 0)
      assert.deepStrictEqual(yield* losses, {})
    })
  )
})

describe.concurrent("metrics: renewals", () => {
  const renewalSeconds = observed("kubernetes_lease_renewal_seconds")
  const marginSeconds = observed("kubernetes_lease_deadline_margin_seconds")

  scenario(
    "kubernetes_lease_renewals_total counts the acknowledged, kubernetes_lease_deadline_margin_seconds what was left",
    Effect.gen(function*() {
      yield* acquired(mine)
      yield* advanceTo(9.999)
      assert.deepStrictEqual([yield* renewals, yield* renewalSeconds, yield* marginSeconds], [{}, undefined, undefined])
      yield* advanceTo(30)
      assert.deepStrictEqual(yield* renewals, { acknowledged: 3 })
      assert.deepStrictEqual(yield* renewalSeconds, { count: 3, sum: 0 })
      assert.deepStrictEqual(yield* marginSeconds, { count: 3, sum: 3 * 17 })
    })
  )

  scenario(
    "kubernetes_lease_renewal_seconds is the time from a renewal's sending to its acknowledgement",
    Effect.gen(function*() {
      yield* inject(Fault.delayAnswer("4 seconds").pipe(Fault.on("patch")))
      yield* acquired(mine)
      yield* advanceTo(25)
      assert.deepStrictEqual(yield* renewalSeconds, { count: 2, sum: 8 })
      assert.deepStrictEqual(yield* marginSeconds, { count: 2, sum: 13 + 13 })
    })
  )

  scenario(
    "R3 each failed attempt counts as failed, and takes no part in the times",
    Effect.gen(function*() {
      yield* inject(Fault.serviceUnavailable().pipe(Fault.on("patch"), Fault.times(2)))
      yield* acquired(mine)
      yield* advanceTo(15)
      assert.deepStrictEqual(yield* renewals, { acknowledged: 1, failed: 2 })
      assert.deepStrictEqual(yield* renewalSeconds, { count: 1, sum: 0 })
      // 50 ms and 100 ms after the first attempt.
      assert.deepStrictEqual(yield* marginSeconds, { count: 1, sum: 16.85 })
      yield* inject(Fault.unsent())
      yield* advanceTo(60)
      assert.strictEqual((yield* renewals)["acknowledged"], 1)
      assert.strictEqual((yield* renewalSeconds)?.count, 1)
    })
  )

  scenario(
    "R2 a Conflict that is no evidence is part of the renewal that goes on",
    Effect.gen(function*() {
      yield* acquired(mine)
      yield* edit({ metadata: { labels: { team: "a" } } })
      yield* advanceTo(10)
      assert.deepStrictEqual(yield* renewals, { acknowledged: 1 })
    })
  )

  scenario(
    "R2 a renewal that finds the term lost counts as lost",
    Effect.gen(function*() {
      yield* acquired(mine)
      yield* edit(takenBy("you"))
      yield* advanceTo(40)
      assert.deepStrictEqual(yield* renewals, { lost: 1 })
    })
  )

  scenario(
    "X1 a release overtakes a renewal that is in flight: none is lost",
    Effect.gen(function*() {
      yield* inject(Fault.delayAnswer("1 second").pipe(Fault.on("patch")))
      const term = yield* acquired(mine)
      yield* advanceTo(10.5)
      yield* term.release.pipe(lasting("10 seconds"))
      assert.deepStrictEqual(yield* renewals, {})
    })
  )
})

describe.concurrent("metrics: kubernetes_lease_acquire_seconds", () => {
  const acquireSeconds = observed("kubernetes_lease_acquire_seconds")
  const slowly = inject(Fault.delay("2 seconds").pipe(Fault.on("get")))

  const outcomes = {
    "held": Effect.void,
    "contention": recordOf({ holderIdentity: "you", leaseDurationSeconds: 30 }),
    "a failure": inject(Fault.forbidden().pipe(Fault.on("create")))
  }
  for (const [outcome, prepare] of Object.entries(outcomes)) {
    scenario(
      `how long it took, whatever came of it: ${outcome}`,
      Effect.gen(function*() {
        yield* slowly
        yield* prepare
        const acquiring = yield* Effect.fork(Effect.exit(tryAcquire(mine)))
        yield* advanceTo(2)
        yield* Fiber.join(acquiring)
        assert.deepStrictEqual(yield* acquireSeconds, { count: 1, sum: 2 })
        yield* clearFaults
      })
    )
  }

  scenario(
    "until it was given up",
    Effect.gen(function*() {
      yield* slowly
      const acquiring = yield* Effect.fork(tryAcquire(mine))
      yield* advanceTo(1)
      yield* Fiber.interrupt(acquiring)
      assert.deepStrictEqual(yield* acquireSeconds, { count: 1, sum: 1 })
    })
  )
})
