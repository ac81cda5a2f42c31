import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"

/** What can happen to a machine's clocks while its timers go by the `TestClock`. */
export interface SplitClock {
  /** The wall clock steps, forward or (negative) back; the monotonic clock and the timers do not. */
  readonly stepWall: (millis: number) => Effect.Effect<void>
  /** The machine is suspended: the wall clock goes on, the monotonic clock and the timers stand still. */
  readonly suspend: (duration: Duration.DurationInput) => Effect.Effect<void>
  /** The event loop stalls, or the process is stopped: both clocks go on, and every timer comes that much late. */
  readonly stall: (duration: Duration.DurationInput) => Effect.Effect<void>
}

/** Runs a test under a `TestClock` whose monotonic and wall time move apart. */
export const withSplitClock = <A, E, R>(test: (clock: SplitClock) => Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.clockWith((base) => {
    let wallOffset = 0
    let monotonicOffset = 0
    const millis = (): number => base.unsafeCurrentTimeMillis() + wallOffset
    const nanos = (): bigint => base.unsafeCurrentTimeNanos() + BigInt(Math.round(monotonicOffset * 1_000_000))
    // Inherits the rest of the `TestClock`, so that `TestClock.adjust` works within the test.
    const clock: Clock.Clock = Object.assign(Object.create(base), {
      unsafeCurrentTimeMillis: millis,
      unsafeCurrentTimeNanos: nanos,
      currentTimeMillis: Effect.sync(millis),
      currentTimeNanos: Effect.sync(nanos)
    })
    const stepWall = (by: number) =>
      Effect.sync(() => {
        wallOffset += by
      })
    return test({
      stepWall,
      suspend: (duration) => stepWall(Duration.toMillis(duration)),
      stall: (duration) =>
        Effect.zipRight(
          stepWall(Duration.toMillis(duration)),
          Effect.sync(() => {
            monotonicOffset += Duration.toMillis(duration)
          })
        )
    }).pipe(Effect.withClock(clock))
  })
