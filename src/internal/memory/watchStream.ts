import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { JsonObject } from "./json.js"

/** Where a watch gets its frames from. */
export interface FrameSource {
  /** Gives frames from now on, those of the past first; returns what ends that. */
  readonly subscribe: (sink: FrameSink) => () => void
  readonly bookmark: (() => JsonObject) | undefined
  readonly timeoutSeconds: number
}

export interface FrameSink {
  readonly frame: (frame: JsonObject) => void
  /** The frames before are still shown. */
  readonly end: () => void
}

const bookmarkInterval = Duration.minutes(1)

/**
 * What `show` makes of the frames of a watch. One stage and one fiber, not the five and three that Effect's own
 * combinators would make of it: those who wait open watches again and again.
 */
export const watchStream = <A, E>(
  { bookmark, subscribe, timeoutSeconds }: FrameSource,
  show: (frame: JsonObject) => Effect.Effect<A, E>
): Stream.Stream<A, E> =>
  Stream.suspend(() => {
    const frames: Array<JsonObject> = []
    let isEnded = false
    let wake: (() => void) | undefined
    let unsubscribe: (() => void) | undefined
    let timer: Fiber.RuntimeFiber<void> | undefined

    const sink: FrameSink = {
      frame: (frame) => {
        if (!isEnded) {
          frames.push(frame)
          wake?.()
        }
      },
      end: () => {
        isEnded = true
        wake?.()
      }
    }

    const untilTimeout = (left: Duration.Duration): Effect.Effect<void> =>
      bookmark === undefined || Duration.lessThanOrEqualTo(left, bookmarkInterval)
        ? Effect.map(Effect.sleep(left), sink.end)
        : Effect.flatMap(Effect.sleep(bookmarkInterval), () => {
          sink.frame(bookmark())
          return untilTimeout(Duration.subtract(left, bookmarkInterval))
        })

    const open = Effect.suspend(() => {
      unsubscribe = subscribe(sink)
      return Effect.map(
        Effect.forkDaemon(Effect.interruptible(untilTimeout(Duration.seconds(timeoutSeconds)))),
        (fiber) => {
          timer = fiber
        }
      )
    })

    const close = Effect.suspend(() => {
      unsubscribe?.()
      return timer === undefined ? Effect.void : Fiber.interruptFork(timer)
    })

    const next: Effect.Effect<JsonObject, Option.Option<never>> = Effect.suspend(() => {
      const frame = frames.shift()
      return frame !== undefined
        ? Effect.succeed(frame)
        : isEnded
        ? Effect.fail(Option.none())
        : Effect.async<JsonObject, Option.Option<never>>((resume) => {
          wake = () => {
            wake = undefined
            resume(next)
          }
        })
    })

    const pull = Effect.suspend(() =>
      Effect.flatMap(
        timer === undefined ? Effect.zipRight(Effect.uninterruptible(open), next) : next,
        (frame) => Effect.mapError(show(frame), Option.some)
      )
    )

    return Stream.ensuring(Stream.repeatEffectOption(pull), close)
  })
