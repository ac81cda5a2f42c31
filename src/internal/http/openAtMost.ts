import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Stream from "effect/Stream"

/**
 * Fails a stream that is open for longer. Failures pass the fibers that this takes as values, for a fiber that fails is
 * logged as unhandled, although the stream fails as well.
 */
export const openAtMost =
  <E2>(limit: Duration.DurationInput, onOutlived: () => E2) =>
  <A, E, R>(stream: Stream.Stream<A, E, R>): Stream.Stream<A, E | E2, R> =>
    Stream.suspend(() => {
      let isOutlived = false
      const outlive = Effect.sync(() => {
        isOutlived = true
      })
      return Stream.either(stream).pipe(
        Stream.interruptWhen(Effect.delay(outlive, limit)),
        Stream.concat(Stream.suspend(() => isOutlived ? Stream.make(Either.left(onOutlived())) : Stream.empty)),
        Stream.mapEffect((event: Either.Either<A, E | E2>) => event)
      )
    })
