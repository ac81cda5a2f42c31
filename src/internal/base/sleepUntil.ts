import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { monotonicMillisBetween, monotonicNanos } from "./clocks.js"

/** By the monotonic clock. A timer may fire a little early. */
export const sleepUntil = (nanos: bigint): Effect.Effect<void> =>
  Effect.flatMap(monotonicNanos, (at) =>
    at >= nanos
      ? Effect.void
      : Effect.zipRight(Effect.sleep(wholeMillis(monotonicMillisBetween(at, nanos))), sleepUntil(nanos)))

export const wholeMillis = (millis: number): Duration.Duration => Duration.millis(Math.ceil(millis))
