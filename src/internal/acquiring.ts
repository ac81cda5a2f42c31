import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import type { Conflict, KubeError, NotFound, RequestError } from "../KubeError.js"
import { Transient } from "../KubeError.js"
import type { LeaseSpec, MicroTime, Observed } from "../LeaseObject.js"
import type { LeaseSettings } from "../LeaseSettings.js"
import type { Judgement } from "../LeaseTerm.js"
import { createSpec, durationMillisOf, identityOf, isSameTerm, judge, takeSpec } from "../LeaseTerm.js"
import { now } from "./clocks.js"
import type { Engine } from "./engine.js"
import { forkDetached } from "./forkDetached.js"
import type { KubeCall } from "./kubeCall.js"
import { cannot } from "./kubeCall.js"
import { log, logging } from "./logging.js"
import * as Metrics from "./metrics.js"
import { giveBack } from "./releasing.js"
import { renewals } from "./renewing.js"
import { timedOut } from "./requests.js"
import { leaseDurationSeconds } from "./resolveSettings.js"
import { Term } from "./term.js"
import { termKey } from "./termKey.js"
import { refOf } from "./refOf.js"

/** A term, or none if somebody else holds the lease. */
type Attempt = Effect.Effect<Option.Option<Term>, KubeError>

/**
 * One attempt with its retries, bounded by `acquireTimeout`. It runs apart from its caller: whoever stops waiting for it
 * leaves it to run out a write that has been sent, and to give back what lands (T3).
 *
 * Has to be run uninterruptibly, for its caller must not lose the term that it gives; it waits with `restore`.
 */
export const acquire = (
  engine: Engine,
  settings: LeaseSettings,
  restore: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
): Attempt =>
  Effect.gen(function*() {
    const handover: Handover = {
      outcome: yield* Deferred.make<Option.Option<Term>, KubeError>(),
      isWanted: yield* Deferred.make<boolean>()
    }
    // Uninterruptible, but for its waits and reads: a term that has begun is never lost on the way.
    const fiber = yield* Effect.forkIn(attempt(engine, settings, handover), engine.acquireScope)
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
  readonly outcome: Deferred.Deferred<Option.Option<Term>, KubeError>
  readonly isWanted: Deferred.Deferred<boolean>
}

/** Before another has its turn, either the caller has the term or nothing is left of it (T3, A4). */
const attempt = (engine: Engine, settings: LeaseSettings, { isWanted, outcome }: Handover): Effect.Effect<void> =>
  Effect.suspend(() => {
    const unsettled = new Set<MicroTime>()
    const handOver = (term: Term): Effect.Effect<void> =>
      Deferred.succeed(outcome, Option.some(term)).pipe(
        Effect.zipRight(Deferred.await(isWanted)),
        Effect.flatMap((wanted) => wanted ? Effect.void : undo(engine, term))
      )
    const tried: Attempt = Effect.if(engine.terms.holds(settings, settings.owner), {
      onTrue: () => Effect.succeedNone,
      onFalse: () => tryAgain(engine, settings, unsettled, settings.acquireRetries)
    })
    return tried.pipe(
      Effect.onExit(() => unsettled.size > 0 ? giveBack(engine, settings, [...unsettled]) : Effect.void),
      Effect.tap((begun) => Option.isNone(begun) ? Effect.void : handOver(begun.value))
    )
  }).pipe(
    engine.locks.withLock(termKey(settings, settings.owner)),
    logging({ owner: settings.owner, ref: settings }),
    Effect.onExit((exit) => Deferred.done(outcome, exit)),
    Effect.ignore
  )

/** A term that began in the very moment in which its caller stopped waiting. */
const undo = (engine: Engine, term: Term): Effect.Effect<void> =>
  Effect.gen(function*() {
    yield* engine.terms.release(term)
    if (term.renewal !== undefined) {
      yield* Fiber.interrupt(term.renewal)
    }
    yield* giveBack(engine, term.settings, Option.toArray(Option.fromNullable(term.identity.acquireTime)))
  })

/** What another try may find otherwise: passing failures, and races lost (A1, A3). */
type Passing = Conflict | NotFound | Transient

const tryAgain = (
  engine: Engine,
  settings: LeaseSettings,
  unsettled: Set<MicroTime>,
  retries: number
): Attempt => {
  const again = (error: Passing): Attempt =>
    retries > 0
      ? Effect.sleep(Duration.max(settings.acquireRetryDelay, error.retryAfter ?? Duration.zero)).pipe(
        Effect.interruptible,
        Effect.zipRight(tryAgain(engine, settings, unsettled, retries - 1))
      )
      : afterLastTry(engine, settings, error)
  return Effect.catchTags(tryOnce(engine, settings, unsettled), {
    Conflict: again,
    Transient: again,
    // The record that was to be taken has been deleted since it was read; a missing namespace stays missing.
    NotFound: (error) => error.kind === "leases" ? again(error) : Effect.fail(error)
  })
}

/** `false` must mean that somebody else has it, so a race lost for the last time is no answer yet (A3). */
const afterLastTry = (engine: Engine, settings: LeaseSettings, error: Passing): Attempt =>
  error._tag === "Transient"
    ? Effect.fail(error)
    : Effect.flatMap(
      see(engine, settings),
      (seen) => Option.exists(seen, isContended) ? Effect.succeedNone : Effect.fail(error)
    )

const tryOnce = (engine: Engine, settings: LeaseSettings, unsettled: Set<MicroTime>): Attempt =>
  Effect.flatMap(see(engine, settings), (seen) =>
    Option.exists(seen, isContended)
      ? Effect.succeedNone
      : Effect.asSome(write(engine, settings, unsettled, Option.map(seen, ({ record }) => record))))

/** A record as it was just read, and what may be done with it. */
interface Seen {
  readonly record: Observed
  readonly judgement: Judgement
}

const isContended = ({ judgement }: Seen): boolean => judgement._tag === "Contended"

const see = (engine: Engine, settings: LeaseSettings): Effect.Effect<Option.Option<Seen>, RequestError> =>
  Effect.gen(function*() {
    const ref = refOf(settings)
    const record = yield* Effect.interruptible(engine.requests.get(ref, Duration.toMillis(settings.requestTimeout)))
    const at = yield* now
    const { isNewTerm, sighting } = engine.sightings.see(ref, record, at.monotonicNanos)
    const judgement = judge(settings.owner, engine.terms.hasLostToOwnName(settings, settings.owner), {
      record,
      sighting,
      now: at,
      ttl: settings.ttl,
      maxClockSkew: settings.maxClockSkew
    })
    if (judgement._tag === "Contended" && judgement.because !== "fresh") {
      yield* log(Effect.logWarning(advice[judgement.because]))
    }
    const durationMillis = durationMillisOf(record, settings.ttl)
    if (isNewTerm && judgement._tag === "Contended" && durationMillis > longestPlausibleMillis) {
      yield* log(Effect.logWarning(`The record of ${judgement.by} asks for a duration of ${durationMillis / 1000} s`))
    }
    return Option.some({ record, judgement })
  }).pipe(Effect.catchTag("NotFound", () => Effect.succeedNone))

/** No holder of sound mind keeps others out for longer than this after it has gone silent. */
const longestPlausibleMillis = 24 * 60 * 60 * 1000

const advice = {
  duplicateOwner: "Another process uses this owner name, which has to be this process's own",
  terminating: "The Lease is being deleted and waits for its finalizers"
} as const

/** Creates the Lease, or takes the record, and begins the term if the answer shows this very term in time (T3). */
const write = (
  engine: Engine,
  settings: LeaseSettings,
  unsettled: Set<MicroTime>,
  record: Option.Option<Observed>
): Effect.Effect<Term, KubeError> =>
  Effect.gen(function*() {
    const sentAt = yield* now
    const time = engine.serverClock.timeAt(sentAt)
    const durationSeconds = leaseDurationSeconds(Duration.toMillis(settings.ttl))
    const spec = Option.match(record, {
      onNone: () => createSpec(settings.owner, durationSeconds, time),
      onSome: (lease) => takeSpec(lease, settings.owner, durationSeconds, time)
    })
    const call: KubeCall = { operation: Option.isNone(record) ? "create" : "patch", ref: refOf(settings) }
    unsettled.add(time)
    const answer = yield* send(engine, settings, record, spec).pipe(
      Effect.tapError((error) => Effect.sync(() => error._tag !== "Transient" && unsettled.delete(time)))
    )
    const uid = Option.match(record, { onNone: () => answer.metadata.uid, onSome: ({ metadata }) => metadata.uid })
    const expected = {
      uid,
      owner: settings.owner,
      acquireTime: spec.acquireTime,
      leaseTransitions: spec.leaseTransitions ?? 0
    }
    if (!isSameTerm(identityOf(answer), expected)) {
      return yield* refuse(
        call,
        "the API server answered with another record than was written; does a webhook change it?"
      )
    }
    const term = new Term({
      settings,
      record: answer,
      renewTime: time,
      sentAt,
      metricLabels: yield* Effect.metricLabels
    })
    if (term.remainingMillis(yield* now) === 0) {
      return yield* refuse(call, "the answer came after the renew deadline")
    }
    // Nobody waits for this term any more: what has landed is given back under the lock of this attempt.
    yield* Effect.allowInterrupt
    unsettled.clear()
    yield* engine.terms.add(term)
    term.renewal = yield* forkDetached(engine.holdScope)(renewals(engine, term))
    yield* log(Effect.logInfo("Acquired", { token: term.token }))
    return term
  })

const send = (engine: Engine, settings: LeaseSettings, record: Option.Option<Observed>, spec: LeaseSpec) => {
  const ref = refOf(settings)
  const limitMillis = Duration.toMillis(settings.requestTimeout)
  return Option.match(record, {
    onNone: () => engine.requests.create({ metadata: { ...ref, labels: settings.labels }, spec }, limitMillis),
    onSome: ({ metadata: { resourceVersion } }) => engine.requests.patch(ref, { resourceVersion, spec }, limitMillis)
  })
}

const refuse = (call: KubeCall, why: string): Transient =>
  new Transient({ ...call, kind: "Decode", message: `${cannot(call)}: ${why}` })
