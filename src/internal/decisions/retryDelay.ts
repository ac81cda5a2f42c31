import * as Duration from "effect/Duration"
import type { KubeError } from "../../KubeError.js"

const firstMillis = 100

/** When to try again after the `attempt`th failure in a row (R3, R5). */
export interface Retry {
  /** From 0. */
  readonly attempt: number
  readonly error: KubeError | undefined
  /** From 0 to 1, for the jitter. */
  readonly random: number
  /** No backoff is longer. */
  readonly longestMillis: number
  /** A `Retry-After` is honoured up to here. */
  readonly latestMillis: number
}

/** Doubles from 100 ms, jittered over its upper half. A longer `Retry-After` is honoured. */
export const retryDelayMillis = ({ attempt, error, latestMillis, longestMillis, random }: Retry): number => {
  const backoff = Math.min(longestMillis, firstMillis * 2 ** attempt) * (0.5 + random / 2)
  return Math.floor(Math.max(backoff, Math.min(retryAfterMillis(error), latestMillis)))
}

/** Without a deadline, the longest `Retry-After` that is obeyed. */
export const longestRetryAfterMillis = 60_000

/** For so long the server has asked to be left alone. */
export const retryAfterMillis = (error: KubeError | undefined): number =>
  error !== undefined && "retryAfter" in error && error.retryAfter !== undefined
    ? Duration.toMillis(error.retryAfter)
    : 0

/**
 * Before a deadline: a server that is back in time is found in time, and a `Retry-After` always leaves time for one more
 * request.
 */
export const beforeDeadline = (
  requestTimeoutMillis: number,
  timeLeftMillis: number
): Pick<Retry, "longestMillis" | "latestMillis"> => ({
  longestMillis: requestTimeoutMillis / 2,
  latestMillis: Math.max(0, timeLeftMillis - requestTimeoutMillis)
})
