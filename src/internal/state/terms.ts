import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as FiberRef from "effect/FiberRef"
import * as Metric from "effect/Metric"
import type * as Option from "effect/Option"
import type { LeaseRef } from "../../LeaseObject.js"
import { LostReason } from "../../LeaseTerm.js"
import type { Instant } from "../base/clocks.js"
import { now } from "../base/clocks.js"
import type { Fibers } from "../base/forkDetached.js"
import { forkDetached } from "../base/forkDetached.js"
import { log, logging } from "../base/logging.js"
import * as Metrics from "../base/metrics.js"
import { leaseKey, termKey } from "../base/termKey.js"
import type { Circumstances } from "../decisions/ended.js"
import type { Term } from "./term.js"

const longestTickMillis = 1000
const nanosPerMilli = 1_000_000n

export interface Terms {
  readonly held: Effect.Effect<ReadonlyArray<Term>>
  /** The term that is held under this name; one lease and owner have one at most. */
  readonly heldBy: (ref: LeaseRef, owner: string) => Effect.Effect<Option.Option<Term>>
  readonly add: (term: Term) => Effect.Effect<void>
  /** Held by the clocks at this instant; a term that is found expired ends here (T5). */
  readonly isHeld: (term: Term, at: Instant) => Effect.Effect<boolean>
  /** By the clocks now; 0 once the term has ended, which it has if it is found expired (T5). */
  readonly remainingMillis: (term: Term) => Effect.Effect<number>
  /** Ends the term as lost, unless it has ended before. */
  readonly lose: (term: Term, reason: LostReason) => Effect.Effect<void>
  /** Ends the term as lost to another instance of this process, which is no duplicate of its name (P5). */
  readonly supersede: (term: Term) => Effect.Effect<void>
  /** Ends the term without a loss; false if it had ended before. */
  readonly release: (term: Term) => Effect.Effect<boolean>
  /** A term has been lost to another one of this very owner name (F43). */
  readonly hasLostToOwnName: (ref: LeaseRef, owner: string) => boolean
}

/** The terms of one service, and the ticker that ends those whose validity has passed (R4). */
export const make = (holding: Fibers): Terms => {
  const all = new Set<Term>()
  const byLease = new Map<string, ReadonlyArray<Term>>()
  const lostToOwnName = new Set<string>()
  let ticker: Fiber.RuntimeFiber<never> | undefined
  let nextTickNanos = 0n

  const termsOf = (ref: LeaseRef): ReadonlyArray<Term> => byLease.get(leaseKey(ref)) ?? []

  const remember = (term: Term): void => {
    all.add(term)
    byLease.set(leaseKey(term.ref), [...termsOf(term.ref), term])
  }

  const forget = (term: Term): void => {
    all.delete(term)
    const others = termsOf(term.ref).filter((other) => other !== term)
    if (others.length > 0) {
      byLease.set(leaseKey(term.ref), others)
    } else {
      byLease.delete(leaseKey(term.ref))
    }
  }

  /** A timer that nobody needs would keep the process alive (F24). */
  const stopTickingIfIdle: Effect.Effect<void> = Effect.suspend(() => {
    if (all.size > 0 || ticker === undefined) {
      return Effect.void
    }
    const idle = ticker
    ticker = undefined
    return Fiber.interruptFork(idle)
  })

  const lose = (term: Term, reason: LostReason): Effect.Effect<void> =>
    Effect.suspend(() => {
      if (!term.isEnded && reason._tag === "TakenOver" && reason.by === term.owner) {
        lostToOwnName.add(termKey(term.ref, term.owner))
      }
      return end(term, reason)
    })

  const end = (term: Term, reason: LostReason, circumstances?: Circumstances): Effect.Effect<void> =>
    Effect.suspend(() => {
      if (!term.lose(reason, circumstances)) {
        return Effect.void
      }
      forget(term)
      return Effect.all([
        underLabelsOf(term)(Metric.increment(Metrics.lost(reason))),
        underLabelsOf(term)(Metric.incrementBy(Metrics.held, -1)),
        stopRenewal(term),
        stopTickingIfIdle,
        log(Effect.logWarning(term.loss?.message)).pipe(logging(term))
      ], { discard: true })
      // The ticker may be stopped by what it does here itself.
    }).pipe(Effect.uninterruptible)

  const isHeld = (term: Term, at: Instant): Effect.Effect<boolean> =>
    Effect.suspend(() =>
      term.remainingMillis(at) > 0
        ? Effect.succeed(true)
        : Effect.as(end(term, term.expired(), { aheadMillis: term.aheadMillis(at) }), false)
    )

  /** An effect for each that is held would cost a process of thousands of leases more than its renewals. */
  const expiredBy = (at: Instant): ReadonlyArray<Term> => [...all].filter((term) => term.remainingMillis(at) === 0)

  const sleepUntilNextTick = (at: Instant): Effect.Effect<void> => {
    let millis = longestTickMillis
    for (const term of all) {
      millis = Math.min(millis, untilTickMillis(term, at))
    }
    nextTickNanos = at.monotonicNanos + BigInt(millis) * nanosPerMilli
    return Effect.sleep(millis)
  }

  /** Every term's clocks are looked at in each, mostly in vain: that has to be cheap. */
  const ticks: Effect.Effect<never> = Effect.flatMap(now, (at) => {
    const expired = expiredBy(at)
    return Effect.zipRight(
      expired.length === 0
        ? sleepUntilNextTick(at)
        : Effect.zipRight(
          Effect.forEach(expired, (term) => isHeld(term, at), { discard: true }),
          Effect.suspend(() => sleepUntilNextTick(at))
        ),
      ticks
    )
  })

  const ensureTicking = (term: Term): Effect.Effect<void> =>
    Effect.gen(function*() {
      const at = yield* now
      if (
        ticker !== undefined && nextTickNanos <= at.monotonicNanos + BigInt(untilTickMillis(term, at)) * nanosPerMilli
      ) {
        return
      }
      const started = yield* forkDetached(holding)(ticks)
      // Meanwhile another term may have begun or this one may have ended: there is one ticker, or none.
      const former = ticker
      ticker = started
      if (former !== undefined) {
        yield* Fiber.interruptFork(former)
      }
      yield* stopTickingIfIdle
    })

  return {
    held: Effect.gen(function*() {
      const at = yield* now
      return yield* Effect.filter([...all], (term) => isHeld(term, at))
    }),
    // Every term of the lease is asked, so that a loss is told before another term of it begins (T5).
    heldBy: (ref, owner) =>
      Effect.flatMap(now, (at) => Effect.filter(termsOf(ref), (term) => isHeld(term, at))).pipe(
        Effect.map(Arr.findFirst((term) => term.owner === owner))
      ),
    add: (term) =>
      Effect.suspend(() => {
        remember(term)
        return Effect.all([Metric.increment(Metrics.terms), Metric.increment(Metrics.held), ensureTicking(term)], {
          discard: true
        })
      }),
    isHeld,
    remainingMillis: (term) => Effect.flatMap(now, (at) => Effect.as(isHeld(term, at), term.remainingMillis(at))),
    lose,
    supersede: (term) => end(term, LostReason.TakenOver({ by: term.owner }), { isSuperseded: true }),
    release: (term) =>
      Effect.suspend(() => {
        if (!term.release()) {
          return Effect.succeed(false)
        }
        forget(term)
        return Effect.as(
          Effect.zipRight(underLabelsOf(term)(Metric.incrementBy(Metrics.held, -1)), stopTickingIfIdle),
          true
        )
      }),
    hasLostToOwnName: (ref, owner) => lostToOwnName.has(termKey(ref, owner))
  }
}

const underLabelsOf = (term: Term) => Effect.locally(FiberRef.currentMetricLabels, term.metricLabels)

const stopRenewal = (term: Term): Effect.Effect<void> =>
  term.renewal === undefined ? Effect.void : Fiber.interruptFork(term.renewal)

/** Whole milliseconds until this term's clocks have to be looked at again (R4). */
const untilTickMillis = (term: Term, at: Instant): number =>
  Math.ceil(Math.min(term.settings.ttlMillis / 10, term.remainingMillis(at)))
