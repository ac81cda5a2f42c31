import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import type { Conflict, RequestError } from "../../KubeError.js"
import { Transient } from "../../KubeError.js"
import type { LeaseObject } from "../../LeaseObject.js"
import type { LeaseLost } from "../../LeaseTerm.js"
import { LostReason } from "../../LeaseTerm.js"
import type { Instant } from "../base/clocks.js"
import { millisBetween, monotonicMillisBetween, monotonicNanos, now } from "../base/clocks.js"
import { cannot } from "../base/kubeCall.js"
import { log, logging } from "../base/logging.js"
import * as Metrics from "../base/metrics.js"
import { spanOptions } from "../base/spanOptions.js"
import { endedBy } from "../decisions/ended.js"
import { nextRenewal } from "../decisions/renewalCadence.js"
import { renewalRequestMillis } from "../decisions/renewalRequest.js"
import { beforeDeadline, retryDelayMillis } from "../decisions/retryDelay.js"
import type { Engine } from "../state/engine.js"
import { isAnswer } from "../state/pace.js"
import type { Term } from "../state/term.js"

/** Renews at its times (R1) until the term ends. A defect in it ends the term (R7). */
export const renewals = (engine: Engine, term: Term): Effect.Effect<void> =>
  Effect.gen(function*() {
    const random = yield* Random.next
    const intervalMillis = term.settings.renewalIntervalMillis
    let lastSlot = 0
    if (term.isMisdated) {
      // Should this process die before its first renewal, nobody else could tell how old the record is.
      yield* renew(engine, term)
    }
    while (true) {
      // By the monotonic clock: a step of the wall clock moves no renewal.
      const acknowledgedNanos = term.acknowledgedAt.monotonicNanos
      const elapsedMillis = monotonicMillisBetween(term.acquiredAt.monotonicNanos, acknowledgedNanos)
      const { delayMillis, slot } = nextRenewal(intervalMillis, random, lastSlot, elapsedMillis)
      lastSlot = slot
      // What a slow answer has made late is due at once.
      const passedMillis = monotonicMillisBetween(acknowledgedNanos, yield* monotonicNanos)
      yield* Effect.sleep(Duration.millis(Math.max(0, Math.floor(delayMillis - passedMillis))))
      yield* renew(engine, term)
    }
  }).pipe(
    Effect.catchTag("LeaseLost", () => Effect.void),
    Effect.onError((cause) => engine.terms.lose(term, LostReason.Failed({ defect: Cause.squash(cause) }))),
    logging(term)
  )

/** Asks the server whether the term stands, and ends it if it does not (R2, R8). Gives the record as it is now. */
export const verify = (
  engine: Engine,
  term: Term,
  isFurtherTry = false
): Effect.Effect<LeaseObject, LeaseLost | RequestError> =>
  Effect.gen(function*() {
    const sentAt = yield* whileHeld(engine, term)
    const limitMillis = millisForRequest(term, sentAt, isFurtherTry)
    const answer = yield* Effect.either(engine.requests.get(term.ref, limitMillis))
    yield* whileHeld(engine, term)
    const record = yield* answer
    yield* ensureStands(engine, term, record)
    return record
  }).pipe(
    Effect.catchTag("NotFound", () => lose(engine, term, LostReason.Deleted())),
    Effect.withSpan("LeaseService.verify", spanOptions(term.ref))
  )

/** One renewal, retried until it is acknowledged or the term has ended (R3). */
const renew = (engine: Engine, term: Term): Effect.Effect<void, LeaseLost> =>
  Effect.gen(function*() {
    let failures = 0
    while (true) {
      const outcome = yield* Effect.either(renewOnce(engine, term, failures > 0))
      if (Either.isRight(outcome)) {
        yield* Metric.increment(Metrics.renewed)
        break
      }
      const error = outcome.left
      if (error._tag === "LeaseLost") {
        if (error.reason._tag !== "Released") {
          yield* Metric.increment(Metrics.renewalLost)
        }
        return yield* error
      }
      yield* Metric.increment(Metrics.renewalFailed)
      if (failures === 0) {
        yield* log(Effect.logWarning("Cannot renew; trying again until the renew deadline", error))
      }
      term.lastError = error
      yield* Effect.sleep(Duration.millis(retryDelayMillis({
        attempt: failures,
        error,
        random: yield* Random.next,
        ...beforeDeadline(term.settings.requestTimeoutMillis, term.remainingMillis(yield* now))
      })))
      failures += 1
    }
    if (failures > 0) {
      term.lastError = undefined
      yield* log(Effect.logInfo("Renewed again", { failures }))
    }
  })

/**
 * A `Conflict` does not end the term: if a read shows that the record is still ours, the renewal is sent over that (R2).
 * Not interrupted but in its requests, which a release gives up when it has waited for long enough (X1).
 */
const renewOnce = (
  engine: Engine,
  term: Term,
  isFurtherTry: boolean
): Effect.Effect<void, LeaseLost | RequestError | Conflict> =>
  write(engine, term, isFurtherTry).pipe(
    Effect.catchTag("Conflict", () =>
      Effect.flatMap(Effect.interruptible(verify(engine, term, isFurtherTry)), (record) => {
        term.adopt(record)
        return write(engine, term, isFurtherTry)
      })),
    Effect.uninterruptible
  )

const write = (
  engine: Engine,
  term: Term,
  isFurtherTry: boolean
): Effect.Effect<void, LeaseLost | RequestError | Conflict> =>
  Effect.gen(function*() {
    const sentAt = yield* whileHeld(engine, term)
    const writtenOver = term.resourceVersion
    const request = engine.requests.patch(
      term.ref,
      {
        resourceVersion: writtenOver,
        spec: {
          renewTime: term.nextRenewTime(engine.serverClock, sentAt),
          leaseDurationSeconds: term.settings.leaseDurationSeconds
        }
      },
      millisForRequest(term, sentAt, isFurtherTry),
      term.stampMillis
    )
    const answer = yield* term.whileWriting(
      Effect.map(Effect.either(Effect.interruptible(request)), (answer) => {
        if (Either.isRight(answer) && Option.isNone(endedBy(term.identity, answer.right))) {
          // Even if the term has ended meanwhile: a release goes on from here.
          term.adopt(answer.right)
        }
        return answer
      })
    )
    if (Either.isRight(answer) || isAnswer(answer.left)) {
      term.answerMillis = millisBetween(sentAt, yield* now)
      engine.pace.note("write", term.answerMillis)
    }
    const arrivedAt = yield* whileHeld(engine, term)
    const record = yield* answer
    yield* ensureStands(engine, term, record)
    if (record.metadata.resourceVersion === writtenOver) {
      return yield* new Transient({
        operation: "patch",
        ref: term.ref,
        kind: "Decode",
        message: `${cannot({ operation: "patch", ref: term.ref })}: the API server answered without changing the record`
      })
    }
    yield* Metric.update(Metrics.renewalSeconds, millisBetween(sentAt, arrivedAt) / 1000)
    yield* Metric.update(Metrics.deadlineMarginSeconds, term.remainingMillis(arrivedAt) / 1000)
    term.acknowledge(sentAt)
  }).pipe(Effect.catchTag("NotFound", () => lose(engine, term, LostReason.Deleted())))

/** A validity that has passed ends the term before anything that an answer says (T5); else the instant of this look. */
export const whileHeld = (engine: Engine, term: Term): Effect.Effect<Instant, LeaseLost> =>
  Effect.flatMap(now, (at) =>
    Effect.flatMap(
      engine.terms.isHeld(term, at),
      (held) => held ? Effect.succeed(at) : Effect.suspend(() => term.lossOrRelease())
    ))

/** Ends the term if the record is no longer its own (R2). */
const ensureStands = (engine: Engine, term: Term, record: LeaseObject): Effect.Effect<void, LeaseLost> =>
  Option.match(endedBy(term.identity, record), {
    onNone: () => Effect.void,
    onSome: (reason) => lose(engine, term, reason)
  })

const lose = (engine: Engine, term: Term, reason: LostReason): Effect.Effect<never, LeaseLost> =>
  Effect.zipRight(engine.terms.lose(term, reason), Effect.suspend(() => term.lossOrRelease()))

const millisForRequest = (term: Term, at: Instant, isFurtherTry: boolean): number =>
  renewalRequestMillis({
    requestTimeoutMillis: term.settings.requestTimeoutMillis,
    timeLeftMillis: term.remainingMillis(at),
    isFurtherTry,
    answerMillis: term.answerMillis
  })
