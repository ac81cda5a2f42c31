import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Supervisor from "effect/Supervisor"

/** What goes on behind an effect's back: fibers that it has started, and timers that anybody waits for. */
export interface Leftovers {
  readonly fibers: Effect.Effect<number>
  readonly timers: Effect.Effect<number>
  /** Counts the fibers that this effect starts, now or later. */
  readonly watch: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
}

/** The sleeps of a `TestClock` do not tell those that have been interrupted. */
export const withLeftovers = <A, E, R>(
  test: (leftovers: Leftovers) => Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> =>
  Effect.flatMap(Supervisor.track, (supervisor) =>
    Effect.clockWith((base) => {
      let timers = 0
      const clock: Clock.Clock = Object.assign(Object.create(base), {
        sleep: (duration: Parameters<Clock.Clock["sleep"]>[0]) =>
          Effect.acquireUseRelease(
            Effect.sync(() => {
              timers += 1
            }),
            () => base.sleep(duration),
            () =>
              Effect.sync(() => {
                timers -= 1
              })
          )
      })
      return test({
        fibers: Effect.map(supervisor.value, (fibers) => fibers.length),
        timers: Effect.sync(() => timers),
        watch: Effect.supervised(supervisor)
      }).pipe(Effect.withClock(clock))
    }))
