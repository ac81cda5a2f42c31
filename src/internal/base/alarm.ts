import * as Effect from "effect/Effect"
import * as FiberHandle from "effect/FiberHandle"
import type * as Scope from "effect/Scope"
import { monotonicNanos } from "./clocks.js"
import { sleepUntil } from "./sleepUntil.js"

/**
 * Rings once at the time that it was last set to. Setting it later, as whoever waits does for every renewal that a watch
 * shows, forks nothing.
 */
export interface Alarm {
  readonly set: (dueAtNanos: bigint) => Effect.Effect<void>
  /** It has not been set to another time since it rang for this one. */
  readonly isSetTo: (dueAtNanos: bigint) => boolean
}

/** Silent once its scope closes. */
export const make = (ring: (dueAtNanos: bigint) => Effect.Effect<void>): Effect.Effect<Alarm, never, Scope.Scope> =>
  Effect.map(FiberHandle.make(), (handle) => {
    let dueAtNanos = 0n
    /** When the fiber, if there is one, looks next. */
    let wakesAtNanos: bigint | undefined

    const watchOver: Effect.Effect<void> = Effect.suspend(() => {
      wakesAtNanos = dueAtNanos
      return Effect.zipRight(
        sleepUntil(dueAtNanos),
        Effect.flatMap(monotonicNanos, (at) => {
          if (at < dueAtNanos) {
            return watchOver
          }
          wakesAtNanos = undefined
          return ring(dueAtNanos)
        })
      )
    })

    return {
      set: (nanos) =>
        Effect.suspend(() => {
          dueAtNanos = nanos
          return wakesAtNanos !== undefined && wakesAtNanos <= nanos
            ? Effect.void
            : Effect.asVoid(FiberHandle.run(handle, Effect.interruptible(watchOver)))
        }),
      isSetTo: (nanos) => nanos === dueAtNanos
    }
  })
