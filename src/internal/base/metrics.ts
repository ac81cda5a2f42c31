import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import * as MetricBoundaries from "effect/MetricBoundaries"
import type { LostReason } from "../../LeaseTerm.js"
import { monotonicMillisBetween, monotonicNanos } from "./clocks.js"

const seconds = MetricBoundaries.fromIterable([0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30])

export const held = Metric.gauge("kubernetes_lease_held", {
  description: "Leases that this process holds"
})

export const terms = Metric.counter("kubernetes_lease_terms_total", {
  description: "Terms that have begun",
  incremental: true
})

const lostTotal = Metric.counter("kubernetes_lease_lost_total", {
  description: "Terms that were lost, by reason",
  incremental: true
})

export const lost = (reason: LostReason): Metric.Metric.Counter<number> =>
  Metric.tagged(lostTotal, "reason", reason._tag)

const renewalsTotal = Metric.counter("kubernetes_lease_renewals_total", {
  description: "Renewals that were sent, by outcome",
  incremental: true
})

export const renewed = Metric.tagged(renewalsTotal, "outcome", "acknowledged")
export const renewalFailed = Metric.tagged(renewalsTotal, "outcome", "failed")
export const renewalLost = Metric.tagged(renewalsTotal, "outcome", "lost")

export const renewalSeconds = Metric.histogram(
  "kubernetes_lease_renewal_seconds",
  seconds,
  "From sending a renewal to its acknowledgement"
)

export const deadlineMarginSeconds = Metric.histogram(
  "kubernetes_lease_deadline_margin_seconds",
  seconds,
  "What was left until the renew deadline when a renewal was acknowledged"
)

export const acquireSeconds = Metric.histogram(
  "kubernetes_lease_acquire_seconds",
  seconds,
  "How long an acquire took, whatever came of it"
)

/** Whatever comes of the effect. */
export const recordingSeconds =
  (histogram: Metric.Metric.Histogram<number>) => <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.flatMap(monotonicNanos, (began) =>
      Effect.ensuring(
        effect,
        Effect.flatMap(monotonicNanos, (ended) => Metric.update(histogram, monotonicMillisBetween(began, ended) / 1000))
      ))
