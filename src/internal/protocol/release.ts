import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import * as Option from "effect/Option"
import type { RequestError } from "../../KubeError.js"
import { MicroTime } from "../../LeaseObject.js"
import type { Instant } from "../base/clocks.js"
import { millisBetween, now } from "../base/clocks.js"
import type { Turn } from "../base/keyedLocks.js"
import { log, logging } from "../base/logging.js"
import { bounded, inTime } from "../base/race.js"
import { spanOptions } from "../base/spanOptions.js"
import { termKey } from "../base/termKey.js"
import type { TermIdentity } from "../decisions/identity.js"
import { identityOf, isSameTerm, isTermSent } from "../decisions/identity.js"
import { LastError } from "../decisions/outOfTime.js"
import { clearSpec, handOverSpec } from "../decisions/specs.js"
import type { EngineSettings } from "../settings/engineSettings.js"
import type { Successor } from "../settings/successor.js"
import type { Engine } from "../state/engine.js"
import type { Term } from "../state/term.js"
import type { Relinquishing, Relinquishment } from "./relinquish.js"
import { deleteCleared, noTimeLeft, relinquish } from "./relinquish.js"

/**
 * Ends the term here first, then tells the server (X1). Whoever calls again meanwhile awaits the same release, whoever is
 * its successor; afterwards there is nothing to release. A caller that is interrupted leaves it going on.
 */
export const release = (engine: Engine, term: Term, successor?: Successor): Effect.Effect<void, RequestError> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.gen(function*() {
      const startedAt = yield* now
      yield* engine.terms.isHeld(term, startedAt)
      const { releasing } = term
      if (releasing !== undefined) {
        return (yield* Deferred.isDone(releasing)) ? undefined : yield* restore(Deferred.await(releasing))
      }
      if (term.isEnded) {
        return
      }
      // Registered at once, so that a later release or acquire waits for this one (A4).
      const released = Deferred.unsafeMake<void, RequestError>(FiberId.none)
      term.releasing = released
      engine.releasing.add(released)
      const turn = engine.locks.takeTurn(termKey(term.ref, term.owner))
      const isOnServer = yield* engine.terms.release(term)
      yield* (isOnServer ? releaseOnServer(engine, term, successor, startedAt, turn) : Effect.void).pipe(
        Effect.interruptible,
        Effect.ensuring(turn.leave),
        Effect.intoDeferred(released),
        Effect.ensuring(Effect.sync(() => engine.releasing.delete(released))),
        Effect.forkDaemon
      )
      yield* restore(Deferred.await(released))
    })
  ).pipe(Effect.withSpan("LeaseService.release", spanOptions(term.ref)))

/** For a finalizer, which cannot fail: what cannot be given back ends by its duration. */
export const releaseLogged = (engine: Engine, term: Term): Effect.Effect<void> =>
  release(engine, term).pipe(
    Effect.catchAll((error) => log(Effect.logWarning("Cannot release; the record ends by its duration", error))),
    logging(term)
  )

const releaseOnServer = (
  engine: Engine,
  term: Term,
  successor: Successor | undefined,
  startedAt: Instant,
  turn: Turn
): Effect.Effect<void, RequestError> => {
  const relinquishing: Relinquishing = {
    engine,
    ref: term.ref,
    settings: term.settings,
    startedAt,
    lastError: new LastError()
  }
  let isLeft = false
  return Effect.gen(function*() {
    const isVersionKnown = yield* renewalEnded(term, startedAt, turn)
    const time = term.nextRenewTime(engine.serverClock, yield* now)
    const relinquishment: Relinquishment = {
      ...relinquishing,
      leaves: successor === undefined
        ? clearSpec(time)
        : handOverSpec(term.identity, successor.owner, successor.durationSeconds, time),
      isOwn: (record) => isSameTerm(identityOf(record), term.identity)
    }
    const [took, left] = yield* Effect.timed(
      relinquish(relinquishment, { resourceVersion: term.resourceVersion, isCertain: isVersionKnown })
    )
    isLeft = true
    if (successor === undefined) {
      yield* log(Effect.logInfo("Released"))
      yield* leaveTimeToTake(took)
      yield* deleteCleared(relinquishment, left)
    } else if (Option.isSome(left)) {
      yield* log(Effect.logInfo("Handed over", { to: successor.owner }))
    }
  }).pipe(
    withinReleaseTimeout(relinquishing),
    // Out of time during the delete: others can have the lease all the same.
    Effect.catchAll((error) => isLeft ? Effect.void : Effect.fail(error)),
    logging(term)
  )
}

/**
 * When nothing of this process is under way any more that could write to the record, or half of the time has passed: what
 * hangs leaves the other half to the clear (X1). Tells whether the version is known that the last renewal has made.
 */
const renewalEnded = (term: Term, startedAt: Instant, turn: Turn): Effect.Effect<boolean> =>
  Effect.gen(function*() {
    const halfMillis = term.settings.releaseTimeoutMillis / 2
    const leftMillis = Math.max(0, Math.floor(halfMillis - millisBetween(startedAt, yield* now)))
    yield* inTime(leftMillis)(Effect.zipRight(turn.wait, term.written))
    const wasWriting = term.isWriting
    if (term.renewal !== undefined) {
      yield* Fiber.interruptFork(term.renewal)
    }
    return !wasWriting
  })

const longestTimeToTakeMillis = 50

/**
 * A waiter takes the cleared record with one write, which takes about as long as the clear did; once that is
 * deleted, it would need another.
 */
const leaveTimeToTake = (clearTook: Duration.Duration): Effect.Effect<void> => {
  const millis = Math.floor(Math.min(longestTimeToTakeMillis, 2 * Duration.toMillis(clearTook)))
  return millis > 0 ? Effect.sleep(millis) : Effect.void
}

/**
 * Gives back what may have landed of an acquire that ends without a term (T3), as far as can be known: what cannot be
 * given back ends by its duration.
 */
export const giveBack = (
  engine: Engine,
  settings: EngineSettings,
  unsettled: ReadonlyArray<TermIdentity>
): Effect.Effect<void> =>
  Effect.gen(function*() {
    const startedAt = yield* now
    const ref = settings.ref
    const relinquishing: Relinquishing = { engine, ref, settings, startedAt, lastError: new LastError() }
    const latest = unsettled.reduce<MicroTime>(
      (latest, { acquireTime = latest }) => acquireTime > latest ? acquireTime : latest,
      MicroTime(0n)
    )
    const relinquishment: Relinquishment = {
      ...relinquishing,
      leaves: clearSpec(engine.serverClock.timeAfter(latest, startedAt)),
      isOwn: (record) => unsettled.some((sent) => isTermSent(sent, record))
    }
    yield* Effect.flatMap(relinquish(relinquishment, undefined), (left) => deleteCleared(relinquishment, left)).pipe(
      withinReleaseTimeout(relinquishment)
    )
  }).pipe(
    Effect.catchAll((error) =>
      log(
        Effect.logWarning(
          "Cannot give back what may have landed of an abandoned acquire; it ends by its duration",
          error
        )
      )
    ),
    logging({ owner: settings.owner, ref: settings.ref })
  )

const withinReleaseTimeout = (relinquishing: Relinquishing) =>
  bounded(relinquishing.settings.releaseTimeoutMillis, () => noTimeLeft(relinquishing))
