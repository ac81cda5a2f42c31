import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"

/** One reading of both clocks. */
export interface Instant {
  /** Nanoseconds from an arbitrary origin; never steps. */
  readonly monotonicNanos: bigint
  /** Milliseconds since 1970; may step. */
  readonly wallMillis: number
}

/** The clock's nanoseconds are monotonic in Effect 3, wall time in Effect 4; read here and nowhere else. */
export const monotonicNanos: Effect.Effect<bigint> = Clock.currentTimeNanos

/** In one step, for every term reads it several times a renewal. */
export const now: Effect.Effect<Instant> = Clock.clockWith((clock) =>
  Effect.succeed({
    monotonicNanos: clock.unsafeCurrentTimeNanos(),
    wallMillis: clock.unsafeCurrentTimeMillis()
  })
)

export const nanosAfter = (nanos: bigint, millis: number): bigint => nanos + BigInt(Math.ceil(millis * 1_000_000))

/** By the monotonic clock alone, in milliseconds. */
export const monotonicMillisBetween = (since: bigint, until: bigint): number => Number(until - since) / 1_000_000

/**
 * The larger of what the two clocks say: a suspended machine stops the monotonic one (T2).
 */
export const millisBetween = (since: Instant, until: Instant): number =>
  Math.max(
    monotonicMillisBetween(since.monotonicNanos, until.monotonicNanos),
    until.wallMillis - since.wallMillis
  )
