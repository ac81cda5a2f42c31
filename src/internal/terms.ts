import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import type { LeaseRef } from "../LeaseObject.js"
import type { LostReason } from "../LeaseTerm.js"
import type { Instant } from "./clocks.js"
import { now } from "./clocks.js"
import { forkDetached } from "./forkDetached.js"
import { logging } from "./logging.js"
import type { Term } from "./term.js"
import { termKey } from "./termKey.js"

const longestTickMillis = 1000

export interface Terms {
  readonly held: Effect.Effect<ReadonlyArray<Term>>
  readonly holds: (ref: LeaseRef, owner: string) => Effect.Effect<boolean>
  readonly add: (term: Term) => Effect.Effect<void>
  /** Held by the clocks at this instant; a term that is found expired ends here (T5). */
  readonly isHeld: (term: Term, at: Instant) => Effect.Effect<boolean>
  /** Ends the term as lost, unless it has ended before. */
  readonly lose: (term: Term, reason: LostReason) => Effect.Effect<void>
  /** Ends the term without a loss; false if it had ended before. */
  readonly release: (term: Term) => Effect.Effect<boolean>
  /** A term has been lost to another one of this very owner name (F43). */
  readonly hasLostToOwnName: (ref: LeaseRef, owner: string) => boolean
}

/** The terms of one service, and the ticker that ends those whose validity has passed (R4). */
export const make = (holdScope: Scope.Scope): Terms => {
  const all = new Map<string, Term>()
  const lostToOwnName = new Set<string>()
  let ticker: { readonly fiber: Fiber.RuntimeFiber<void>; readonly intervalMillis: number } | undefined

  const forget = (term: Term): void => {
    const key = termKey(term.ref, term.owner)
    if (all.get(key) === term) {
      all.delete(key)
    }
  }

  const lose = (term: Term, reason: LostReason): Effect.Effect<void> =>
    Effect.suspend(() => {
      if (!term.lose(reason)) {
        return Effect.void
      }
      forget(term)
      if (reason._tag === "TakenOver" && reason.by === term.owner) {
        lostToOwnName.add(termKey(term.ref, term.owner))
      }
      return Effect.zipRight(
        Effect.logWarning(term.loss?.message).pipe(logging(term)),
        stopRenewal(term)
      )
    })

  const isHeld = (term: Term, at: Instant): Effect.Effect<boolean> =>
    Effect.suspend(() =>
      term.remainingMillis(at) > 0 ? Effect.succeed(true) : Effect.as(lose(term, term.expired()), false)
    )

  /** Milliseconds until the clocks have to be looked at again. */
  const tick = Effect.gen(function*() {
    const at = yield* now
    yield* Effect.forEach([...all.values()], (term) => isHeld(term, at), { discard: true })
    let millis = Infinity
    for (const term of all.values()) {
      millis = Math.min(millis, tickMillisOf(term), term.remainingMillis(at))
    }
    return millis
  })

  const ticking = (intervalMillis: number): Effect.Effect<void> =>
    Effect.gen(function*() {
      while (all.size > 0) {
        const untilNext = yield* tick
        if (all.size > 0) {
          yield* Effect.sleep(Duration.millis(Math.ceil(Math.min(intervalMillis, untilNext))))
        }
      }
      ticker = undefined
    })

  const ensureTicking = (term: Term): Effect.Effect<void> =>
    Effect.suspend(() => {
      const intervalMillis = tickMillisOf(term)
      if (ticker !== undefined && ticker.intervalMillis <= intervalMillis) {
        return Effect.void
      }
      const previous = ticker
      return ticking(intervalMillis).pipe(
        forkDetached(holdScope),
        Effect.map((fiber) => {
          ticker = { fiber, intervalMillis }
        }),
        Effect.zipRight(previous === undefined ? Effect.void : Fiber.interruptFork(previous.fiber))
      )
    })

  return {
    held: Effect.gen(function*() {
      const at = yield* now
      return yield* Effect.filter([...all.values()], (term) => isHeld(term, at))
    }),
    holds: (ref, owner) =>
      Effect.suspend(() => {
        const term = all.get(termKey(ref, owner))
        return term === undefined ? Effect.succeed(false) : Effect.flatMap(now, (at) => isHeld(term, at))
      }),
    add: (term) =>
      Effect.suspend(() => {
        all.set(termKey(term.ref, term.owner), term)
        return ensureTicking(term)
      }),
    isHeld,
    lose,
    release: (term) =>
      Effect.sync(() => {
        forget(term)
        return term.release()
      }),
    hasLostToOwnName: (ref, owner) => lostToOwnName.has(termKey(ref, owner))
  }
}

const stopRenewal = (term: Term): Effect.Effect<void> =>
  term.renewal === undefined ? Effect.void : Fiber.interruptFork(term.renewal)

const tickMillisOf = (term: Term): number => Math.min(longestTickMillis, Duration.toMillis(term.settings.ttl) / 10)
