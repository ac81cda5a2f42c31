import * as Effect from "effect/Effect"
import { monotonicMillisBetween, monotonicNanos } from "./clocks.js"

export interface Rereading<A, E> {
  /** The last value while it is young enough, else a new one. */
  readonly get: Effect.Effect<A, E>
  /** A value read after this call. */
  readonly refresh: Effect.Effect<A, E>
}

/** Concurrent callers share one read; failures are not remembered. */
export const make = <A, E>(read: Effect.Effect<A, E>, maxAgeMillis: number): Rereading<A, E> => {
  const lock = Effect.unsafeMakeSemaphore(1)
  let last: { readonly value: A; readonly readAt: bigint } | undefined

  const readUnless = (isFresh: (readAt: bigint, now: bigint) => boolean): Effect.Effect<A, E> =>
    lock.withPermits(1)(Effect.gen(function*() {
      const now = yield* monotonicNanos
      if (last !== undefined && isFresh(last.readAt, now)) {
        return last.value
      }
      const value = yield* read
      last = { value, readAt: now }
      return value
    }))

  const isYoung = (readAt: bigint, now: bigint): boolean => monotonicMillisBetween(readAt, now) < maxAgeMillis

  return {
    get: Effect.flatMap(
      monotonicNanos,
      (now) => last !== undefined && isYoung(last.readAt, now) ? Effect.succeed(last.value) : readUnless(isYoung)
    ),
    refresh: Effect.flatMap(monotonicNanos, (askedAt) => readUnless((readAt) => readAt > askedAt))
  }
}
