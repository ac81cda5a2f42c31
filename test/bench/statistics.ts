import * as Arr from "effect/Array"
import * as Order from "effect/Order"

/** One line of what has been measured. */
export interface Figure {
  readonly what: string
  readonly measured: string
  readonly goal: string
}

const quantile = (sorted: ReadonlyArray<number>, share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN

export const ascending = (values: ReadonlyArray<number>): ReadonlyArray<number> => Arr.sort(values, Order.number)

export const median = (values: ReadonlyArray<number>): number => quantile(ascending(values), 0.5)

export const spread = (values: ReadonlyArray<number>): string => {
  const sorted = ascending(values)
  return [["median", 0.5], ["90th", 0.9], ["99th", 0.99], ["max", 1]].map(([name, share]) =>
    `${name} ${quantile(sorted, Number(share)).toFixed(1)} ms`
  ).join(", ")
}
