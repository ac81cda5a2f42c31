import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import type { RequestError } from "../KubeError.js"
import { MicroTime } from "../LeaseObject.js"
import type { LeaseSettings } from "../LeaseSettings.js"
import type { TermIdentity } from "../LeaseTerm.js"
import { clearSpec, handOverSpec, identityOf, isSameTerm, isTermSent } from "../LeaseTerm.js"
import { bounded } from "./bounded.js"
import type { Instant } from "./clocks.js"
import { now } from "./clocks.js"
import type { Engine } from "./engine.js"
import type { Turn } from "./keyedLocks.js"
import { log, logging } from "./logging.js"
import type { Relinquishment } from "./relinquishing.js"
import { deleteCleared, relinquish } from "./relinquishing.js"
import { timedOut } from "./requests.js"
import { spanOptions } from "./spanOptions.js"
import type { Successor } from "./successor.js"
import type { Term } from "./term.js"
import { termKey } from "./termKey.js"
import { refOf } from "./refOf.js"

/**
 * Ends the term here first, then tells the server (X1). Whoever calls again awaits the same release, whoever is its
 * successor; a caller that is interrupted leaves it going on.
 */
export const release = (engine: Engine, term: Term, successor?: Successor): Effect.Effect<void, RequestError> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.gen(function*() {
      const startedAt = yield* now
      yield* engine.terms.isHeld(term, startedAt)
      if (yield* engine.terms.release(term)) {
        // At once, so that whoever acquires from now on waits for it (A4).
        const turn = engine.locks.takeTurn(termKey(term.ref, term.owner))
        term.releasing = yield* releaseOnServer(engine, term, successor, startedAt, turn).pipe(
          Effect.interruptible,
          Effect.ensuring(turn.leave),
          // A fiber that fails is logged as unhandled, whoever joins it.
          Effect.exit,
          Effect.forkDaemon
        )
      }
      if (term.releasing !== undefined) {
        yield* restore(Effect.flatten(Fiber.join(term.releasing)))
      }
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
  let isLeft = false
  return Effect.gen(function*() {
    yield* turn.wait
    if (term.renewal !== undefined) {
      yield* Fiber.interrupt(term.renewal)
    }
    const time = term.nextRenewTime(engine.serverClock, yield* now)
    const relinquishment: Relinquishment = {
      requests: engine.requests,
      ref: term.ref,
      settings: term.settings,
      startedAt,
      leaves: successor === undefined
        ? clearSpec(time)
        : handOverSpec(term.identity, successor.owner, successor.durationSeconds, time),
      isOwn: (record) => isSameTerm(identityOf(record), term.identity)
    }
    const [took, left] = yield* Effect.timed(relinquish(relinquishment, term.resourceVersion))
    isLeft = true
    if (successor === undefined) {
      yield* log(Effect.logInfo("Released"))
      yield* leaveTimeToTake(took)
      yield* deleteCleared(relinquishment, left)
    } else if (Option.isSome(left)) {
      yield* log(Effect.logInfo("Handed over", { to: successor.owner }))
    }
  }).pipe(
    withinReleaseTimeout(term.settings),
    // Out of time during the delete: others can have the lease all the same.
    Effect.catchAll((error) => isLeft ? Effect.void : Effect.fail(error)),
    logging(term)
  )
}

const longestTimeToTakeMillis = 50

/**
 * Whoever waits takes the cleared record with one write, which takes about as long as the clear did; once that is
 * deleted, it would need another.
 */
const leaveTimeToTake = (clearTook: Duration.Duration): Effect.Effect<void> => {
  const millis = Math.floor(Math.min(longestTimeToTakeMillis, 2 * Duration.toMillis(clearTook)))
  return millis > 0 ? Effect.sleep(Duration.millis(millis)) : Effect.void
}

/**
 * Gives back what may have landed of an acquire that ends without a term (T3), as far as can be known: what cannot be
 * given back ends by its duration.
 */
export const giveBack = (
  engine: Engine,
  settings: LeaseSettings,
  unsettled: ReadonlyArray<TermIdentity>
): Effect.Effect<void> =>
  Effect.gen(function*() {
    const startedAt = yield* now
    const latest = unsettled.reduce<MicroTime>(
      (latest, { acquireTime = latest }) => acquireTime > latest ? acquireTime : latest,
      MicroTime(0n)
    )
    const relinquishment: Relinquishment = {
      requests: engine.requests,
      ref: refOf(settings),
      settings,
      startedAt,
      leaves: clearSpec(engine.serverClock.timeAfter(latest, startedAt)),
      isOwn: (record) => unsettled.some((sent) => isTermSent(sent, record))
    }
    yield* deleteCleared(relinquishment, yield* relinquish(relinquishment, undefined))
  }).pipe(
    withinReleaseTimeout(settings),
    Effect.catchAll((error) =>
      log(
        Effect.logWarning(
          "Cannot give back what may have landed of an abandoned acquire; it ends by its duration",
          error
        )
      )
    ),
    logging({ owner: settings.owner, ref: settings })
  )

const withinReleaseTimeout = (settings: LeaseSettings) =>
  bounded(settings.releaseTimeout, () =>
    timedOut(
      { operation: "patch", ref: refOf(settings) },
      Duration.toMillis(settings.releaseTimeout)
    ))
