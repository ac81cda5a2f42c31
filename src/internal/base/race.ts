import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import type * as Option from "effect/Option"

/**
 * What the first of two comes to, be it a failure. The other one is interrupted, and left behind if it does not let itself
 * be.
 *
 * Instead of `Effect.raceFirst` and `Effect.timeout`: whoever is interrupted just as it begins one of those waits for ever
 * for fibers that never start (effect 3.22); and their fibers are interrupted with their parent, also where that is
 * uninterruptible.
 */
export const firstOf = <A, E, R, A2, E2, R2>(
  one: Effect.Effect<A, E, R>,
  other: Effect.Effect<A2, E2, R2>
): Effect.Effect<A | A2, E | E2, R | R2> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.gen(function*() {
      const outcome = yield* Deferred.make<A | A2, E | E2>()
      const run = <R>(effect: Effect.Effect<A | A2, E | E2, R>) =>
        Effect.forkDaemon(Effect.intoDeferred(Effect.interruptible(effect), outcome))
      const first = yield* run(one)
      const second = yield* run(other)
      return yield* restore(Deferred.await(outcome)).pipe(
        Effect.ensuring(Effect.zipRight(
          Fiber.interruptAsFork(first, FiberId.none),
          Fiber.interruptAsFork(second, FiberId.none)
        ))
      )
    })
  )

/** Gives an effect so much time and no more. */
export const bounded =
  <E2>(limit: Duration.DurationInput, onTimeout: () => E2) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E | E2, R> =>
    firstOf(effect, Effect.zipRight(Effect.sleep(limit), Effect.failSync(onTimeout)))

/** Nothing, if it takes longer. */
export const inTime =
  (limit: Duration.DurationInput) => <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<Option.Option<A>, E, R> =>
    firstOf(Effect.asSome(effect), Effect.zipRight(Effect.sleep(limit), Effect.succeedNone))
