import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"

/** Repeats an effect until its answer will do, and dies when none has within 30 seconds. */
export const eventually = <A, E, R>(
  self: Effect.Effect<A, E, R>,
  predicate: (answer: A) => boolean
): Effect.Effect<A, E, R> =>
  Effect.suspend(() => {
    let last: A
    return Effect.gen(function*() {
      for (;;) {
        last = yield* self
        if (predicate(last)) {
          return last
        }
        yield* Effect.sleep("50 millis")
      }
    }).pipe(
      Effect.timeoutFailCause({
        duration: "30 seconds",
        onTimeout: () => Cause.die(new Error(`waited 30 seconds in vain; the last answer: ${JSON.stringify(last)}`))
      })
    )
  })
