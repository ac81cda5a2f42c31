import * as Duration from "effect/Duration"
import type { KubeError } from "../KubeError.js"

const firstMillis = 100

/** When to try again after the `attempt`th failure in a row (R3, R5). */
export interface Retry {
  /** From 0. */
  readonly attempt: number
  readonly error: KubeError
  /** From 0 to 1, for the jitter. */
  readonly random: number
  readonly requestTimeoutMillis: number
  readonly timeLeftMillis: number
}

/**
 * Doubles from 100 ms to half a request's timeout, jittered over its upper half, so that a server which is back in time is
 * found in time. A longer `Retry-After` is honoured, but always leaves time for one
 * more request.
 */
export const retryDelayMillis = (retry: Retry): number => {
  const backoff = Math.min(retry.requestTimeoutMillis / 2, firstMillis * 2 ** retry.attempt) * (0.5 + retry.random / 2)
  const latest = Math.max(0, retry.timeLeftMillis - retry.requestTimeoutMillis)
  const asked = "retryAfter" in retry.error && retry.error.retryAfter !== undefined
    ? Duration.toMillis(retry.error.retryAfter)
    : 0
  return Math.floor(
    asked > backoff ? Math.max(Math.min(asked, latest), Math.min(backoff, retry.timeLeftMillis)) : backoff
  )
}
