import * as Data from "effect/Data"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FiberSet from "effect/FiberSet"
import * as Option from "effect/Option"
import type { Conflict, KubeError, NotFound, RequestError } from "../../KubeError.js"
import { Transient } from "../../KubeError.js"
import type { LeaseObject, LeaseSpec, Observed } from "../../LeaseObject.js"
import type { EngineSettings } from "../settings/engineSettings.js"
import type { TermIdentity } from "../decisions/identity.js"
import { createSpec, takeSpec } from "../decisions/specs.js"
import { identityOf, isTermSent, ownerOf } from "../decisions/identity.js"
import type { Instant } from "../base/clocks.js"
import { millisBetween, now } from "../base/clocks.js"
import type { Engine } from "../state/engine.js"
import { forkDetached } from "../base/forkDetached.js"
import type { KubeCall } from "../base/kubeCall.js"
import { cannot } from "../base/kubeCall.js"
import { log, logging } from "../base/logging.js"
import { specStampMillis } from "../decisions/managedFields.js"
import * as Metrics from "../base/metrics.js"
import type { Seen } from "./look.js"
import { observe, standing } from "./look.js"
import { LastError, outOfTime } from "../decisions/outOfTime.js"
import { mostRequestMillis, tellsPace } from "../state/pace.js"
import { bounded } from "../base/race.js"
import { giveBack } from "./release.js"
import { renewals } from "./renew.js"
import { retryAfterMillis } from "../decisions/retryDelay.js"
import { Term } from "../state/term.js"
import { termKey } from "../base/termKey.js"

/** What an attempt has come to. */
export type Outcome = Data.TaggedEnum<{
  Begun: { readonly term: Term }
  /** Somebody else holds the lease, as this record says. */
  Contended: { readonly record: Observed }
  /** This process holds the lease under the same name already. */
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
  /** Whoever waits for the lease has time for a slow server: `acquireTimeout` does not bound its attempts (A0). */
  readonly isWaiting?: boolean | undefined
  /**
   * Right before each write: waits for those of this process that write under the same name, and ends what they hold or
   * gives a term to wait for (P5).
   */
  readonly claim?: Effect.Effect<Option.Option<Term>> | undefined
}

type Attempt = Effect.Effect<Outcome, KubeError>

/**
 * One attempt with its retries, bounded by `acquireTimeout` unless it is that of somebody who waits (A0). It runs apart
 * from its caller: whoever stops waiting for it leaves it to run out a write that has been sent, and to give back what
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
      withinAcquireTimeout(attempting),
      restore,
      Effect.onExit((exit) =>
        Exit.isSuccess(exit)
          ? Deferred.succeed(handover.isWanted, true)
          : Effect.zipRight(Deferred.succeed(handover.isWanted, false), Fiber.interruptFork(fiber))
      )
    )
  }).pipe(Metrics.recordingSeconds(Metrics.acquireSeconds))

const withinAcquireTimeout = (attempting: Attempting) => (outcome: Attempt): Attempt =>
  attempting.options.isWaiting === true
    ? outcome
    : bounded(attempting.settings.acquireTimeoutMillis, () =>
      outOfTime({
        doing: "acquire",
        operation: "get",
        ref: attempting.settings.ref,
        limitMillis: attempting.settings.acquireTimeoutMillis,
        lastError: attempting.lastError.error
      }))(outcome)

/** How an attempt gives its caller the term, and learns whether the caller was still there to take it. */
interface Handover {
  readonly outcome: Deferred.Deferred<Outcome, KubeError>
  readonly isWanted: Deferred.Deferred<boolean>
}

interface Attempting {
  readonly engine: Engine
  readonly settings: EngineSettings
  readonly options: AttemptOptions
  readonly startedAt: Instant
  /** Why it has not come to an outcome yet. */
  readonly lastError: LastError
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
    engine.terms.heldBy(settings.ref, settings.owner),
    (held) =>
      Option.isSome(held) && options.claim === undefined
        ? Effect.succeed(Outcome.HeldHere({ term: held.value }))
        : firstTry
  ).pipe(
    Effect.onExit((exit) => {
      // Whoever goes on after a conflict is shown the record; what is its own it takes.
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
  Effect.gen(function*() {
    const { engine, options, settings } = attempting
    attempting.lastError.note(error)
    const acquireTimeoutMillis = settings.acquireTimeoutMillis
    const longestPauseMillis = options.isWaiting === true
      ? acquireTimeoutMillis
      : acquireTimeoutMillis - millisBetween(attempting.startedAt, yield* now)
    const askedMillis = retryAfterMillis(error)
    if (askedMillis > 0 && askedMillis >= longestPauseMillis) {
      // Nothing that is asked until then is answered otherwise: whoever acquires learns at once for how long to stay away.
      return yield* Effect.fail(error)
    }
    if (error._tag === "Transient" && error.kind === "Timeout") {
      // Whoever waits may not hear of this attempt for long.
      yield* engine.waits.fail(settings.ref, settings.owner, error)
    }
    const pauseMillis = Math.max(settings.acquireRetryDelayMillis, askedMillis)
    yield* Effect.interruptible(Effect.sleep(pauseMillis))
    return yield* tryAgain(attempting, retries - 1)
  })

/** `false` must mean that somebody else has it, so a race lost for the last time is no answer yet (A3). */
const afterLastTry = (attempting: Attempting, error: Passing): Attempt => {
  const { doubtful, unsettled } = attempting
  attempting.lastError.note(error)
  return error._tag === "Transient"
    ? Effect.fail(error)
    : Effect.flatMap(look(attempting), (seen) => {
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
}

const tryOnce = (attempting: Attempting): Attempt =>
  Effect.flatMap(look(attempting), (seen) => writeUnlessContended(attempting, seen))

const look = (attempting: Attempting): Effect.Effect<Option.Option<Seen>, RequestError> =>
  paced(
    attempting,
    "read",
    (limitMillis) => observe(attempting.engine, { ...attempting.settings, requestTimeoutMillis: limitMillis })
  )

/** A request of an attempt may take longer than usual once the server has shown that it takes longer to answer (A0). */
const paced = <A, E extends KubeError>(
  { engine, options, settings }: Attempting,
  kind: "read" | "write",
  request: (limitMillis: number) => Effect.Effect<A, E>
): Effect.Effect<A, E> =>
  Effect.flatMap(now, (sentAt) => {
    const note = Effect.map(now, (endedAt) => engine.pace.note(kind, millisBetween(sentAt, endedAt)))
    const mostMillis = options.isWaiting === true
      ? mostRequestMillis(settings)
      // Whoever has gone leaves it running (T3), and the next one waits for it (A4).
      : Math.min(mostRequestMillis(settings), settings.acquireTimeoutMillis)
    return request(engine.pace.limitMillis(kind, settings.requestTimeoutMillis, mostMillis)).pipe(
      Effect.tapBoth({
        onFailure: (error) => tellsPace(error) ? note : Effect.void,
        onSuccess: () => note
      })
    )
  })

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
const write = (attempting: Attempting, record: Option.Option<LeaseObject>): Attempt =>
  Effect.gen(function*() {
    const { doubtful, engine, options, settings, unsettled } = attempting
    const heldHere = yield* options.claim ?? Effect.succeedNone
    if (Option.isSome(heldHere)) {
      return Outcome.HeldHere({ term: heldHere.value })
    }
    const sentAt = yield* now
    const time = engine.serverClock.timeAt(sentAt)
    const durationSeconds = settings.leaseDurationSeconds
    const spec = Option.match(record, {
      onNone: () => createSpec(settings.owner, durationSeconds, time),
      onSome: (lease) => takeSpec(lease, settings.owner, durationSeconds, time)
    })
    const call: KubeCall = { operation: Option.isNone(record) ? "create" : "patch", ref: settings.ref }
    const sent: TermIdentity = {
      // Of a new Lease the server chooses it.
      uid: Option.getOrUndefined(record)?.metadata.uid,
      owner: settings.owner,
      acquireTime: spec.acquireTime,
      leaseTransitions: spec.leaseTransitions
    }
    unsettled.add(sent)
    const answer = yield* paced(
      attempting,
      "write",
      (limitMillis) => send(engine, settings, record, spec, limitMillis)
    ).pipe(
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
    engine.sightings.forgetDeleted(settings.ref)
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
      isMisdated: !engine.serverClock.agrees(time, sentAt, yield* now, settings.maxClockSkewMillis),
      sentAt,
      metricLabels: yield* Effect.metricLabels
    })
    if (term.remainingMillis(yield* now) === 0) {
      return yield* refuse(call, "the answer came after the renew deadline")
    }
    term.answerMillis = millisBetween(sentAt, yield* now)
    // Nobody waits for this term any more: what has landed is given back under the lock of this attempt.
    yield* Effect.allowInterrupt
    unsettled.clear()
    doubtful.clear()
    yield* engine.terms.add(term)
    const renewal = yield* forkDetached(engine.holding)(renewals(engine, term))
    term.renewal = renewal
    if (term.isEnded) {
      // Before there was anything to stop.
      yield* Fiber.interruptFork(renewal)
    }
    yield* log(Effect.logInfo("Acquired", { token: term.token }))
    return Outcome.Begun({ term })
  })

const send = (
  engine: Engine,
  settings: EngineSettings,
  record: Option.Option<LeaseObject>,
  spec: LeaseSpec,
  limitMillis: number
): Effect.Effect<Observed, RequestError | NotFound | Conflict> => {
  const ref = settings.ref
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
