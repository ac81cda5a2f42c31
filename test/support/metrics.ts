import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as HashSet from "effect/HashSet"
import * as Metric from "effect/Metric"
import * as MetricLabel from "effect/MetricLabel"
import * as MetricState from "effect/MetricState"

let tests = 0

/** Metrics belong to the whole process: under a label of its own, a test sees only what it has counted itself. */
export const countedApart = <A, E, R>(test: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.suspend(() => Effect.tagMetrics(test, "test", String(++tests)))

export interface Observations {
  readonly count: number
  readonly sum: number
}

/** As a scrape sees it under the labels of this fiber and these; `undefined` where nothing has been counted yet. */
const stateOf = (name: string, labels: Readonly<Record<string, string>>) =>
  Effect.zipWith(Metric.snapshot, Effect.metricLabels, (pairs, own) => {
    const wanted = HashSet.fromIterable([
      ...own,
      ...Object.entries(labels).map(([key, value]) => MetricLabel.make(key, value))
    ])
    return pairs.find(({ metricKey }) =>
      metricKey.name === name && Equal.equals(HashSet.fromIterable(metricKey.tags), wanted)
    )?.metricState
  })

/** Of a counter or a gauge. */
export const total = (
  name: string,
  labels: Readonly<Record<string, string>> = {}
): Effect.Effect<number | bigint | undefined> =>
  Effect.map(
    stateOf(name, labels),
    (state) =>
      MetricState.isCounterState(state) ? state.count : MetricState.isGaugeState(state) ? state.value : undefined
  )

/** Of a histogram. */
export const observed = (name: string): Effect.Effect<Observations | undefined> =>
  Effect.map(
    stateOf(name, {}),
    (state) => MetricState.isHistogramState(state) ? { count: state.count, sum: state.sum } : undefined
  )
