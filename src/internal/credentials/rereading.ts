import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FiberSet from "effect/FiberSet"
import type * as Scope from "effect/Scope"
import { monotonicMillisBetween, monotonicNanos } from "../base/clocks.js"
import type { Fibers } from "../base/forkDetached.js"
import { forkDetached } from "../base/forkDetached.js"
import { log } from "../base/logging.js"
import { bounded } from "../base/race.js"

export interface Rereading<A, E> {
  /** The last value, whatever its age; only who comes before the first has been read waits for it. */
  readonly get: Effect.Effect<A, E>
  /** A value read since the last one was refused. */
  readonly refresh: Effect.Effect<A, E>
}

/** Why a value is read: it is needed or old, or the last one is of no use any more. */
export type Occasion = "due" | "refused"

export interface Options<A, E> {
  readonly read: (occasion: Occasion) => Effect.Effect<A, E>
  /** What is read, as the log calls it. */
  readonly subject: string
  readonly maxAgeMillis: number
  readonly isSame: (one: A, other: A) => boolean
  /** A read took longer than `longestReadMillis`. */
  readonly onStuck: () => E
}

/**
 * A read that takes longer is given up. A holder of 30 s that is refused while one hangs has time left for another: it
 * renews after 10 s and is lost after 27 s.
 */
export const longestReadMillis = 15_000

/** What cannot be read is asked for no more often than this, beside the requests. */
const retryMillis = 10_000

interface Reading<A, E> {
  readonly startedAt: bigint
  readonly outcome: Deferred.Deferred<A, E>
  fiber: Fiber.RuntimeFiber<unknown> | undefined
}

/**
 * A value that is read again when it is old, beside those who use it (C2): a read that fails or hangs costs nobody
 * anything while the last value is of use. There is one read at a time, which everybody shares. A first read that fails is
 * not remembered.
 */
export const make = <A, E>(
  { isSame, maxAgeMillis, onStuck, read, subject }: Options<A, E>
): Effect.Effect<Rereading<A, E>, never, Scope.Scope> =>
  Effect.map(FiberSet.make(), (fibers: Fibers): Rereading<A, E> => {
    let last: { readonly value: A; readonly readAt: bigint } | undefined
    let reading: Reading<A, E> | undefined
    let lastStartedAt = 0n
    let isFailing = false

    const start = (occasion: Occasion): Effect.Effect<Reading<A, E>> =>
      Effect.gen(function*() {
        const startedAt = yield* monotonicNanos
        const stuck = reading
        const started: Reading<A, E> = { startedAt, outcome: yield* Deferred.make<A, E>(), fiber: undefined }
        reading = started
        lastStartedAt = startedAt
        started.fiber = yield* forkDetached(fibers)(
          Effect.flatMap(Effect.exit(Effect.suspend(() => read(occasion))), (exit) => settle(started, exit))
        )
        if (stuck?.fiber !== undefined) {
          yield* Fiber.interruptFork(stuck.fiber)
        }
        return started
      }).pipe(Effect.uninterruptible)

    const settle = (ended: Reading<A, E>, exit: Exit.Exit<A, E>): Effect.Effect<void> =>
      Effect.suspend(() => {
        if (reading !== ended) {
          return Effect.void
        }
        reading = undefined
        const isFirst = last === undefined
        if (Exit.isSuccess(exit)) {
          last = { value: exit.value, readAt: ended.startedAt }
        }
        return Effect.zipRight(isFirst ? Effect.void : tell(exit), Deferred.done(ended.outcome, exit))
      })

    /** Said when it starts and when it is over. */
    const tell = (exit: Exit.Exit<A, E>): Effect.Effect<void> => {
      const wasFailing = isFailing
      isFailing = Exit.isFailure(exit)
      if (Exit.isSuccess(exit)) {
        return wasFailing ? log(Effect.logInfo(`The ${subject} can be read again`)) : Effect.void
      }
      return wasFailing ? Effect.void : log(Effect.logWarning(
        `Cannot read the ${subject} again; the last ones are used until the API server refuses them`,
        Cause.squash(exit.cause)
      ))
    }

    /** The read under way, unless it hangs, or a new one. */
    const current = (occasion: Occasion): Effect.Effect<Reading<A, E>> =>
      Effect.flatMap(
        monotonicNanos,
        (now) =>
          reading !== undefined && !hasTaken(longestReadMillis, reading.startedAt, now)
            ? Effect.succeed(reading)
            : start(occasion)
      )

    const outcomeOf = ({ outcome }: Reading<A, E>): Effect.Effect<A, E> =>
      bounded(longestReadMillis, onStuck)(Deferred.await(outcome))

    const isDue = (readAt: bigint, now: bigint): boolean =>
      hasTaken(maxAgeMillis, readAt, now) && hasTaken(retryMillis, lastStartedAt, now) &&
      (reading === undefined || hasTaken(longestReadMillis, reading.startedAt, now))

    return {
      get: Effect.flatMap(monotonicNanos, (now) => {
        if (last === undefined) {
          return Effect.flatMap(current("due"), outcomeOf)
        }
        const { readAt, value } = last
        return isDue(readAt, now) ? Effect.as(start("due"), value) : Effect.succeed(value)
      }),
      refresh: Effect.suspend(() => {
        const refused = last
        const former = reading
        return Effect.flatMap(current("refused"), (joined) =>
          Effect.flatMap(outcomeOf(joined), (value) =>
            // It began before the refusal, and may have read what was replaced just then.
            joined === former && refused !== undefined && isSame(value, refused.value)
              ? Effect.flatMap(current("refused"), outcomeOf)
              : Effect.succeed(value)))
      })
    }
  })

const hasTaken = (millis: number, since: bigint, now: bigint): boolean => monotonicMillisBetween(since, now) >= millis
