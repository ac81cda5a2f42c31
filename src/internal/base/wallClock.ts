import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"

const nanosPerMilli = 1_000_000n

/**
 * A clock whose monotonic time is the wall clock's that never goes back, for what knows only this process. Fake timers of
 * test runners put a `Date` of theirs in the place of the runtime's at any time, which is seen at the next reading; the
 * monotonic clock that `Effect` has taken hold of goes on in real time (F103).
 */
export const make = (): Clock.Clock => {
  const real = Clock.make()
  let nanos = 0n
  let lastMillis = real.unsafeCurrentTimeMillis()
  const unsafeCurrentTimeNanos = (): bigint => {
    const millis = real.unsafeCurrentTimeMillis()
    nanos += BigInt(Math.max(0, millis - lastMillis)) * nanosPerMilli
    lastMillis = millis
    return nanos
  }
  return {
    [Clock.ClockTypeId]: Clock.ClockTypeId,
    unsafeCurrentTimeMillis: () => real.unsafeCurrentTimeMillis(),
    currentTimeMillis: real.currentTimeMillis,
    unsafeCurrentTimeNanos,
    currentTimeNanos: Effect.sync(unsafeCurrentTimeNanos),
    sleep: (duration) => real.sleep(duration)
  }
}
