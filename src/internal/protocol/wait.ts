import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import * as Random from "effect/Random"
import type { KubeError, RequestError, WaitError } from "../../KubeError.js"
import type { LeaseObject, Observed } from "../../LeaseObject.js"
import * as Alarm from "../base/alarm.js"
import { monotonicMillisBetween, monotonicNanos, nanosAfter, now } from "../base/clocks.js"
import { log, logging } from "../base/logging.js"
import { quote } from "../base/quoting.js"
import { sleepUntil, wholeMillis } from "../base/sleepUntil.js"
import type { Evidence } from "../decisions/expiry.js"
import { millisUntilExpired } from "../decisions/expiry.js"
import { longestRetryAfterMillis, retryAfterMillis, retryDelayMillis } from "../decisions/retryDelay.js"
import type { EngineSettings } from "../settings/engineSettings.js"
import type { Engine } from "../state/engine.js"
import { Notice } from "../state/notice.js"
import type { Term } from "../state/term.js"
import type { Wait } from "../state/waits.js"
import { failureOf, isForgotten, isRefusal } from "../state/watchEnd.js"
import type { Outcome } from "./attempting.js"
import { isPassing, isRaceLost, Known } from "./attempting.js"
import type { Seen } from "./look.js"
import { weigh } from "./look.js"

/** Somebody who waits for a lease. */
export interface Waiting {
  readonly engine: Engine
  readonly settings: EngineSettings
  /** One attempt. A watch may have told it what the record is. */
  readonly attempt: (known: Known) => Effect.Effect<Outcome, KubeError>
  readonly restore: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
}

/**
 * Attempts, and while somebody else holds the lease watches and sends nothing else (W1).
 *
 * Has to be run uninterruptibly, for its caller must not lose the term that it gives; it waits with `restore`.
 */
export const acquireWaiting = (waiting: Waiting): Effect.Effect<Term, WaitError> =>
  Effect.gen(function*() {
    const { engine, settings } = waiting
    const wait = yield* engine.waits.begin(settings.ref, settings.owner)
    let outcome = yield* firstOutcome(waiting, wait)
    while (outcome._tag !== "Begun") {
      outcome = outcome._tag === "Contended"
        ? yield* whileContended(waiting, wait, outcome.record)
        : yield* Effect.zipRight(waiting.restore(outcome.term.ended), nextOutcome(waiting, wait))
    }
    return outcome.term
  }).pipe(Effect.scoped, logging({ owner: waiting.settings.owner, ref: waiting.settings.ref }))

/** What waiting cannot cure fails until the record has been read for the first time (W2). */
const firstOutcome = (waiting: Waiting, wait: Wait): Effect.Effect<Outcome, WaitError> =>
  untilTold(
    waiting,
    wait,
    (error) => isPassing(error) ? Effect.void : Effect.fail(error)
  )

const nextOutcome = (waiting: Waiting, wait: Wait): Effect.Effect<Outcome> =>
  untilTold(waiting, wait, () => Effect.void)

/** Attempts until it can be told who holds the lease, unless `check` fails for an error. */
const untilTold = <E>(
  waiting: Waiting,
  wait: Wait,
  check: (error: KubeError) => Effect.Effect<void, E>
): Effect.Effect<Outcome, E> =>
  Effect.gen(function*() {
    for (let failures = 0;; failures++) {
      const outcome = yield* Effect.either(waiting.attempt(Known.Unread()))
      if (Either.isRight(outcome)) {
        yield* wait.recover
        return outcome.right
      }
      yield* check(outcome.left)
      yield* backOff(waiting, wait, failures, outcome.left)
    }
  })

const backOff = (waiting: Waiting, wait: Wait, failures: number, error: KubeError): Effect.Effect<void> =>
  Effect.zipRight(
    wait.fail(error),
    Effect.flatMap(delayAfter(waiting, failures, error), (delay) => waiting.restore(Effect.sleep(delay)))
  )

/** At most an interval between two renewals, unless the server asks for more. */
const delayAfter = ({ settings }: Waiting, failures: number, error: KubeError | undefined) =>
  Effect.map(Random.next, (random) =>
    Duration.millis(retryDelayMillis({
      attempt: failures,
      error,
      random,
      longestMillis: settings.renewalIntervalMillis,
      latestMillis: longestRetryAfterMillis
    })))

const whileContended = (waiting: Waiting, wait: Wait, record: Observed): Effect.Effect<Outcome> =>
  wait.isWatchRefused ? poll(waiting, wait, record) : Effect.scoped(watch(waiting, wait, record))

/** Of many who wait, each at its own time. */
const poll = (waiting: Waiting, wait: Wait, record: Observed): Effect.Effect<Outcome> =>
  Effect.gen(function*() {
    const { engine, settings } = waiting
    const seen = weigh(engine, settings, record, yield* now)
    const intervalMillis = settings.renewalIntervalMillis * (1 - (yield* Random.next) / 10)
    yield* waiting.restore(Effect.sleep(wholeMillis(Math.min(intervalMillis, nextLookMillis(seen, settings)))))
    return yield* nextOutcome(waiting, wait)
  })

/** Gives another outcome, or `Contended` when the watch is of no use any more. */
const watch = (waiting: Waiting, wait: Wait, record: Observed) =>
  Effect.gen(function*() {
    const { engine, restore, settings } = waiting
    const openedAtNanos = yield* monotonicNanos
    const since = wait.isVersionForgotten ? "" : record.metadata.resourceVersion
    const subscribed = yield* engine.watches.subscribe(settings.ref, since)
    if (Option.isNone(subscribed)) {
      return yield* poll(waiting, wait, record)
    }
    const { mayHaveMissed, notices } = subscribed.value
    let seen = weigh(engine, settings, record, yield* now)
    if (mayHaveMissed) {
      const outcome = yield* nextOutcome(waiting, wait)
      if (outcome._tag !== "Contended") {
        return outcome
      }
      seen = weigh(engine, settings, outcome.record, yield* now)
    }
    const alarm = yield* Alarm.make((dueAtNanos) => Queue.offer(notices, Notice.Due({ dueAtNanos })))
    const setAlarm = Effect.suspend(() => alarm.set(nextLookNanos(seen, settings)))
    yield* setAlarm
    const pending: Array<Notice> = []
    for (;;) {
      pending.push(...yield* Queue.takeAll(notices))
      const notice = pending.shift() ?? (yield* restore(Queue.take(notices)))
      // Trying for what is known to have changed again only costs everybody a request.
      const isLatest = !pending.some(({ _tag }) => _tag === "Present" || _tag === "Deleted")
      switch (notice._tag) {
        case "Present":
        case "Deleted": {
          seen = weigh(engine, settings, notice.lease, notice.arrivedAt)
          yield* setAlarm
          if (seen.judgement._tag === "Contended") {
            yield* engine.absurdDurations.warn(settings.ref, notice.lease)
          }
          if (notice._tag === "Deleted" && seen.judgement._tag === "Contended") {
            yield* log(Effect.logWarning(deletedUnderHolder(seen.judgement.by, seen.evidence)))
          }
          if (isLatest && seen.judgement._tag === "Free") {
            const known = notice._tag === "Present" ? Known.Present({ lease: notice.lease }) : Known.Absent()
            const outcome = yield* seize(waiting, wait, known)
            if (Option.isSome(outcome)) {
              return outcome.value
            }
          }
          break
        }
        case "Due": {
          if (!alarm.isSetTo(notice.dueAtNanos)) {
            break
          }
          const outcome = yield* nextOutcome(waiting, wait)
          if (outcome._tag !== "Contended" || hasChanged(seen.record, outcome.record)) {
            // A watch that did not show the change is dead, whatever it looks like (F17).
            yield* subscribed.value.distrust
            return outcome
          }
          seen = weigh(engine, settings, outcome.record, yield* now)
          yield* setAlarm
          break
        }
        case "Ended":
          return yield* afterWatch(waiting, wait, seen, openedAtNanos, notice.exit)
      }
    }
  })

const deletedUnderHolder = (holder: string, evidence: Evidence): string =>
  `The Lease was deleted under ${quote(holder)}, who may believe in its term until its duration has passed; ` +
  `waiting ${Duration.format(wholeMillis(millisUntilExpired(evidence)))} more`

const hasChanged = (before: LeaseObject, after: LeaseObject): boolean =>
  before.metadata.resourceVersion !== after.metadata.resourceVersion

/** Takes what a watch has shown to be free; none if the race is lost, and the watch goes on. */
const seize = (
  waiting: Waiting,
  wait: Wait,
  known: Known
): Effect.Effect<Option.Option<Outcome>> =>
  waiting.attempt(known).pipe(
    Effect.zipLeft(wait.recover),
    Effect.asSome,
    Effect.catchAll((error) =>
      // What is to be done next, the watch shows.
      isRaceLost(error)
        ? Effect.succeedNone
        : Effect.zipRight(backOff(waiting, wait, 0, error), Effect.asSome(nextOutcome(waiting, wait)))
    )
  )

const afterWatch = (
  waiting: Waiting,
  wait: Wait,
  seen: Seen,
  openedAtNanos: bigint,
  exit: Exit.Exit<void, RequestError>
): Effect.Effect<Outcome> =>
  Effect.gen(function*() {
    const failure = failureOf(exit)
    if (Exit.isFailure(exit) && Option.isNone(failure)) {
      return yield* Effect.die(Cause.squash(exit.cause))
    }
    const { renewalIntervalMillis } = waiting.settings
    if (Option.exists(failure, isRefusal)) {
      wait.isWatchRefused = true
      yield* log(
        Effect.logWarning(
          `The lease may not be watched; reading it every ${
            Duration.format(Duration.millis(renewalIntervalMillis))
          } instead`
        )
      )
    }
    wait.isVersionForgotten = Option.exists(failure, isForgotten)
    const closedAtNanos = yield* monotonicNanos
    const lasted = monotonicMillisBetween(openedAtNanos, closedAtNanos) >= renewalIntervalMillis
    wait.brokenWatches = lasted ? 0 : wait.brokenWatches + 1
    if (wait.brokenWatches > 0) {
      const error = Option.getOrUndefined(failure)
      const delay = yield* delayAfter(waiting, wait.brokenWatches - 1, error)
      const backedOffAtNanos = nanosAfter(closedAtNanos, Duration.toMillis(delay))
      const dueAtNanos = nextLookNanos(seen, waiting.settings)
      // What runs out meanwhile is tried for in time, unless the server has asked to be left alone.
      const isEarlier = dueAtNanos < backedOffAtNanos && retryAfterMillis(error) === 0
      yield* waiting.restore(sleepUntil(isEarlier ? dueAtNanos : backedOffAtNanos))
    }
    return yield* nextOutcome(waiting, wait)
  })

/** A read that comes early is repeated soon, one of a record that cannot be had at any time is not. */
const nextLookMillis = ({ evidence, judgement }: Seen, settings: EngineSettings): number => {
  const soonest = judgement._tag === "Contended" && judgement.because === "terminating"
    ? settings.renewalIntervalMillis
    : shortestLookMillis
  return Math.min(longestTimerMillis, Math.max(soonest, millisUntilExpired(evidence)))
}

const nextLookNanos = (seen: Seen, settings: EngineSettings): bigint =>
  nanosAfter(seen.evidence.now.monotonicNanos, nextLookMillis(seen, settings))

const shortestLookMillis = 20
/** Well within what a timer of a JavaScript runtime can wait. */
const longestTimerMillis = 24 * 60 * 60 * 1000
