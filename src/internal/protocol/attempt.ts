import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FiberSet from "effect/FiberSet"
import { identity } from "effect/Function"
import * as Option from "effect/Option"
import type { KubeError } from "../../KubeError.js"
import { now } from "../base/clocks.js"
import { logging } from "../base/logging.js"
import * as Metrics from "../base/metrics.js"
import { termKey } from "../base/termKey.js"
import { LastError } from "../decisions/outOfTime.js"
import type { EngineSettings } from "../settings/engineSettings.js"
import type { Engine } from "../state/engine.js"
import type { Term } from "../state/term.js"
import { withinAcquireTimeout } from "./acquireTimeout.js"
import type { Attempt, Attempting, AttemptOptions } from "./attempting.js"
import { Outcome } from "./attempting.js"
import { giveBack } from "./release.js"
import { tryAgain, tryKnown } from "./tries.js"

/**
 * One attempt with its retries, bounded by `acquireTimeout` unless it is that of somebody who waits (A0). It runs apart
 * from its caller: if the caller stops waiting, the attempt waits for the write that it has sent and gives back what
 * lands (T3).
 *
 * Has to be run uninterruptibly, for its caller must not lose the term that it gives; it waits with `restore`.
 */
export const acquire = (
  engine: Engine,
  settings: EngineSettings,
  restore: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>,
  options: AttemptOptions = {}
): Attempt =>
  Effect.gen(function*() {
    const handover: Handover = {
      outcome: yield* Deferred.make<Outcome, KubeError>(),
      isWanted: yield* Deferred.make<boolean>()
    }
    const attempting: Attempting = {
      engine,
      settings,
      options,
      startedAt: yield* now,
      lastError: new LastError(),
      unsettled: new Set(),
      doubtful: new Set()
    }
    // Uninterruptible, but for its waits and reads: a term that has begun is never lost on the way.
    const fiber = yield* Effect.forkDaemon(attempt(attempting, handover))
    // Interrupted at once if the engine has closed.
    FiberSet.unsafeAdd(engine.acquiring, fiber)
    return yield* Deferred.await(handover.outcome).pipe(
      options.isWaiting === true ? identity : withinAcquireTimeout(settings, () => attempting.lastError.error),
      restore,
      Effect.onExit((exit) =>
        Exit.isSuccess(exit)
          ? Deferred.succeed(handover.isWanted, true)
          : Effect.zipRight(Deferred.succeed(handover.isWanted, false), Fiber.interruptFork(fiber))
      )
    )
  }).pipe(Metrics.recordingSeconds(Metrics.acquireSeconds))

/** How an attempt gives its caller the term, and learns whether the caller was still there to take it. */
interface Handover {
  readonly outcome: Deferred.Deferred<Outcome, KubeError>
  readonly isWanted: Deferred.Deferred<boolean>
}

/** Before another has its turn, either the caller has the term or nothing is left of it (T3, A4). */
const attempt = (attempting: Attempting, { isWanted, outcome }: Handover): Effect.Effect<void> => {
  const { doubtful, engine, options, settings, unsettled } = attempting
  const handOver = (term: Term): Effect.Effect<void> =>
    Deferred.succeed(outcome, Outcome.Begun({ term })).pipe(
      Effect.zipRight(Deferred.await(isWanted)),
      Effect.flatMap((wanted) => wanted ? Effect.void : undo(engine, term))
    )
  const firstTry = Effect.suspend(() =>
    options.known === undefined || options.known._tag === "Unread"
      ? tryAgain(attempting, settings.acquireRetries)
      : tryKnown(attempting, options.known)
  )
  return Effect.flatMap(
    engine.terms.heldBy(settings.ref, settings.owner),
    (held) =>
      Option.isSome(held) && options.claim === undefined
        ? Effect.succeed(Outcome.HeldHere({ term: held.value }))
        : firstTry
  ).pipe(
    Effect.onExit((exit) => {
      // After a conflict the next try reads the record, and takes it if it is its own.
      const left = [...unsettled, ...(Exit.isInterrupted(exit) ? doubtful : [])]
      return left.length > 0 ? giveBack(engine, settings, left) : Effect.void
    }),
    Effect.tap((result) => result._tag === "Begun" ? handOver(result.term) : Effect.void),
    engine.locks.withLock(termKey(settings.ref, settings.owner)),
    logging({ owner: settings.owner, ref: settings.ref }),
    Effect.onExit((exit) => Deferred.done(outcome, exit)),
    Effect.ignore
  )
}

/** A term that began in the very moment in which its caller stopped waiting. */
const undo = (engine: Engine, term: Term): Effect.Effect<void> =>
  Effect.gen(function*() {
    yield* engine.terms.release(term)
    if (term.renewal !== undefined) {
      yield* Fiber.interrupt(term.renewal)
    }
    yield* giveBack(engine, term.settings, [term.identity])
  })
