import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"

/**
 * Gives an effect so much time and no more, even if it does not let itself be interrupted: it is then left behind. Where
 * the caller is uninterruptible, an interruption of the caller cuts nothing short, unlike with `Effect.timeout`, whose
 * fibers are interrupted with their parent.
 */
export const bounded =
  <E2>(limit: Duration.DurationInput, onTimeout: () => E2) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E | E2, R> =>
    Effect.uninterruptibleMask((restore) =>
      Effect.gen(function*() {
        const outcome = yield* Deferred.make<A, E | E2>()
        const worker = yield* Effect.forkDaemon(Effect.intoDeferred(Effect.interruptible(effect), outcome))
        const timer = yield* Effect.forkDaemon(Effect.interruptible(
          Effect.zipRight(Effect.sleep(limit), Deferred.failSync(outcome, onTimeout))
        ))
        return yield* restore(Deferred.await(outcome)).pipe(
          Effect.ensuring(Effect.zipRight(
            Fiber.interruptAsFork(worker, FiberId.none),
            Fiber.interruptAsFork(timer, FiberId.none)
          ))
        )
      })
    )
