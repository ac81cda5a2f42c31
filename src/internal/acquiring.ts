import * as Data from "effect/Data"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FiberSet from "effect/FiberSet"
import * as Option from "effect/Option"
import type { Conflict, KubeError, NotFound, RequestError } from "../KubeError.js"
import { Transient } from "../KubeError.js"
import type { LeaseObject, LeaseSpec, Observed } from "../LeaseObject.js"
import type { LeaseSettings } from "../LeaseSettings.js"
import type { TermIdentity } from "../LeaseTerm.js"
import { createSpec, identityOf, isTermSent, ownerOf, takeSpec } from "../LeaseTerm.js"
import { now } from "./clocks.js"
import type { Engine } from "./engine.js"
import { forkDetached } from "./forkDetached.js"
import type { KubeCall } from "./kubeCall.js"
import { cannot } from "./kubeCall.js"
import { log, logging } from "./logging.js"
import { specStampMillis } from "./managedFields.js"
import * as Metrics from "./metrics.js"
import type { Seen } from "./observing.js"
import { observe, standing } from "./observing.js"
import { refOf } from "./refOf.js"
import { giveBack } from "./releasing.js"
import { renewals } from "./renewing.js"
import { timedOut } from "./requests.js"
import { Term } from "./term.js"
import { termKey } from "./termKey.js"

/** What an attempt has come to. */
export type Outcome = Data.TaggedEnum<{
  Begun: { readonly term: Term }
  /** Somebody else holds the lease, as this record says. */
  Contended: { readonly record: Observed }
  /** This service holds the lease under the same name already. */
  HeldHere: { readonly term: Term }
}>

export const Outcome = Data.taggedEnum<Outcome>()

/** A term, if the attempt has begun one. */
export const begunTerm = (outcome: Outcome): Option.Option<Term> =>
  outcome._tag === "Begun" ? Option.some(outcome.term) : Option.none()

export interface AttemptOptions {
  /**
   * What a watch has just shown, a record that may be taken or that there is none: nothing is read first, and a race that
   * is lost fails (W1).
   */
  readonly shown?: Option.Option<LeaseObject> | undefined
  /** Ends what others of this process hold under the same name, right before a write (P5). */
  readonly supersede?: Effect.Effect<void> | undefined
}

type Attempt = Effect.Effect<Outcome, KubeError>

/**
 * One attempt with its retries, bounded by `acquireTimeout`. It runs apart from its caller: whoever stops waiting for it
 * leaves it to run out a write that has been sent, and to give back what lands (T3).
 *
 * Has to be run uninterruptibly, for its caller must not lose the term that it gives; it waits with `restore`.
 */
export const acquire = (
  engine: Engine,
  settings: LeaseSettings,
  restore: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>,
  options: AttemptOptions = {}
): Attempt =>
  Effect.gen(function*() {
    const handover: Handover = {
      outcome: yield* Deferred.make<Outcome, KubeError>(),
      isWanted: yield* Deferred.make<boolean>()
    }
    const attempting: Attempting = { engine, settings, options, unsettled: new Set(), doubtful: new Set() }
    // Uninterruptible, but for its waits and reads: a term that has begun is never lost on the way.
    const fiber = yield* Effect.forkDaemon(attempt(attempting, handover))
    // Interrupted at once if the engine has closed.
    FiberSet.unsafeAdd(engine.acquiring, fiber)
    return yield* Deferred.await(handover.outcome).pipe(
      Effect.timeoutFail({
        duration: settings.acquireTimeout,
        onTimeout: () =>
          timedOut({ operation: "get", ref: refOf(settings) }, Duration.toMillis(settings.acquireTimeout))
      }),
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

interface Attempting {
  readonly engine: Engine
  readonly settings: LeaseSettings
  readonly options: AttemptOptions
  /** The terms of acquiring writes that have been sent and may have landed. */
  readonly unsettled: Set<TermIdentity>
  /** Those answered with a conflict: with a race that is lost, or with their own first copy, if a proxy sent them twice. */
  readonly doubtful: Set<TermIdentity>
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
    options.shown === undefined
      ? tryAgain(attempting, settings.acquireRetries)
      : tryShown(attempting, options.shown)
  )
  return Effect.flatMap(
    engine.terms.heldBy(settings, settings.owner),
    (held) =>
      Option.isSome(held) && options.supersede === undefined
        ? Effect.succeed(Outcome.HeldHere({ term: held.value }))
        : firstTry
  ).pipe(
    Effect.onExit((exit) => {
      // Whoever goes on after a conflict is shown the record; what is its own it takes.
      const left = [...unsettled, ...(Exit.isInterrupted(exit) ? doubtful : [])]
      return left.length > 0 ? giveBack(engine, settings, left) : Effect.void
    }),
    Effect.tap((result) => result._tag === "Begun" ? handOver(result.term) : Effect.void),
    engine.locks.withLock(termKey(settings, settings.owner)),
    logging({ owner: settings.owner, ref: settings }),
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

/** What another try may find otherwise: passing failures, and races lost (A1, A3). */
type Passing = Conflict | NotFound | Transient

export const isPassing = (error: KubeError): error is Passing => error._tag === "Transient" || isRaceLost(error)

export const isRaceLost = (error: KubeError): error is Conflict | NotFound => error._tag === "Conflict" || isGone(error)

/** The record has been deleted since it was shown; a missing namespace stays missing. */
const isGone = (error: KubeError): error is NotFound => error._tag === "NotFound" && error.kind === "leases"

const tryAgain = (attempting: Attempting, retries: number): Attempt =>
  Effect.catchIf(
    tryOnce(attempting),
    isPassing,
    (error) => retries > 0 ? tryLater(attempting, retries, error) : afterLastTry(attempting, error)
  )

const tryLater = (attempting: Attempting, retries: number, error: Passing): Attempt =>
  Effect.sleep(Duration.max(attempting.settings.acquireRetryDelay, error.retryAfter ?? Duration.zero)).pipe(
    Effect.interruptible,
    Effect.zipRight(tryAgain(attempting, retries - 1))
  )

/** `false` must mean that somebody else has it, so a race lost for the last time is no answer yet (A3). */
const afterLastTry = ({ doubtful, engine, settings, unsettled }: Attempting, error: Passing): Attempt =>
  error._tag === "Transient"
    ? Effect.fail(error)
    : Effect.flatMap(observe(engine, settings), (seen) => {
      if (Option.isNone(seen)) {
        return Effect.fail(error)
      }
      const { judgement, record } = seen.value
      if (judgement._tag === "Contended") {
        return Effect.succeed(Outcome.Contended({ record }))
      }
      // Its own after all: nobody goes on to take it.
      Array.from(doubtful).filter((sent) => isTermSent(sent, record)).forEach((sent) => unsettled.add(sent))
      return Effect.fail(error)
    })

const tryOnce = (attempting: Attempting): Attempt =>
  Effect.flatMap(observe(attempting.engine, attempting.settings), (seen) => writeUnlessContended(attempting, seen))

/** Where a watch has shown that there is no record. */
const create = (attempting: Attempting): Attempt =>
  Effect.flatMap(standing(attempting.engine, attempting.settings), (seen) => writeUnlessContended(attempting, seen))

const writeUnlessContended = (attempting: Attempting, seen: Option.Option<Seen>): Attempt =>
  Option.isSome(seen) && seen.value.judgement._tag === "Contended"
    ? Effect.succeed(Outcome.Contended({ record: seen.value.record }))
    : write(attempting, Option.map(seen, ({ record }) => record))

/** A released record is often deleted before it can be taken; then it is created, without a read in between. */
const tryShown = (attempting: Attempting, shown: Option.Option<LeaseObject>): Attempt =>
  (Option.isSome(shown) ? write(attempting, shown) : create(attempting)).pipe(
    Effect.catchIf(
      (error) => isGone(error) && Option.isSome(shown),
      () => create(attempting)
    ),
    Effect.catchTag("Transient", (error) =>
      attempting.settings.acquireRetries > 0
        ? tryLater(attempting, attempting.settings.acquireRetries, error)
        : Effect.fail(error))
  )

/** Creates the Lease, or takes the record, and begins the term if the answer shows this very term in time (T3). */
const write = (
  { doubtful, engine, options, settings, unsettled }: Attempting,
  record: Option.Option<LeaseObject>
): Attempt =>
  Effect.gen(function*() {
    yield* options.supersede ?? Effect.void
    const sentAt = yield* now
    const time = engine.serverClock.timeAt(sentAt)
    const durationSeconds = settings.leaseDurationSeconds
    const spec = Option.match(record, {
      onNone: () => createSpec(settings.owner, durationSeconds, time),
      onSome: (lease) => takeSpec(lease, settings.owner, durationSeconds, time)
    })
    const call: KubeCall = { operation: Option.isNone(record) ? "create" : "patch", ref: refOf(settings) }
    const sent: TermIdentity = {
      // Of a new Lease the server chooses it.
      uid: Option.getOrUndefined(record)?.metadata.uid,
      owner: settings.owner,
      acquireTime: spec.acquireTime,
      leaseTransitions: spec.leaseTransitions
    }
    unsettled.add(sent)
    const answer = yield* send(engine, settings, record, spec).pipe(
      Effect.tapError((error) =>
        Effect.suspend(() => {
          if (error._tag !== "Transient") {
            unsettled.delete(sent)
          }
          if (error._tag !== "Conflict") {
            return Effect.void
          }
          doubtful.add(sent)
          return Effect.allowInterrupt
        })
      )
    )
    engine.sightings.forgetDeleted(refOf(settings))
    if (!isTermSent(sent, answer)) {
      if (ownerOf(answer) === settings.owner) {
        // As this very write has left it, it is this process's own to give back.
        unsettled.add(identityOf(answer))
      }
      return yield* refuse(
        call,
        "the API server answered with another record than was written; does a webhook change it?"
      )
    }
    const term = new Term({
      settings,
      record: answer,
      renewTime: time,
      isMisdated: !engine.serverClock.agrees(time, sentAt, yield* now, settings.maxClockSkew),
      sentAt,
      metricLabels: yield* Effect.metricLabels
    })
    if (term.remainingMillis(yield* now) === 0) {
      return yield* refuse(call, "the answer came after the renew deadline")
    }
    // Nobody waits for this term any more: what has landed is given back under the lock of this attempt.
    yield* Effect.allowInterrupt
    unsettled.clear()
    doubtful.clear()
    yield* engine.terms.add(term)
    term.renewal = yield* forkDetached(engine.holding)(renewals(engine, term))
    yield* log(Effect.logInfo("Acquired", { token: term.token }))
    return Outcome.Begun({ term })
  })

const send = (
  engine: Engine,
  settings: LeaseSettings,
  record: Option.Option<LeaseObject>,
  spec: LeaseSpec
): Effect.Effect<Observed, RequestError | NotFound | Conflict> => {
  const ref = refOf(settings)
  const limitMillis = Duration.toMillis(settings.requestTimeout)
  return Option.match(record, {
    onNone: () => engine.requests.create({ metadata: { ...ref, labels: settings.labels }, spec }, limitMillis),
    onSome: (lease) =>
      engine.requests.patch(
        ref,
        { resourceVersion: lease.metadata.resourceVersion, spec },
        limitMillis,
        specStampMillis(lease)
      )
  })
}

const refuse = (call: KubeCall, why: string): Transient =>
  new Transient({ ...call, kind: "Decode", message: `${cannot(call)}: ${why}` })
