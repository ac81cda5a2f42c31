import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { RequestError } from "../../KubeError.js"
import type { LeaseObject } from "../../LeaseObject.js"
import { millisBetween, now } from "../base/clocks.js"
import { isTermSent } from "../decisions/identity.js"
import { retryAfterMillis } from "../decisions/retryDelay.js"
import type { Attempt, Attempting, Known, Passing } from "./attempting.js"
import { isGone, isPassing, Outcome } from "./attempting.js"
import type { Seen } from "./look.js"
import { observe, standing } from "./look.js"
import { paced } from "./paced.js"
import { take } from "./take.js"

export const tryAgain = (attempting: Attempting, retries: number): Attempt =>
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
      // The server asks for a longer pause than we have: the caller is told at once.
      return yield* Effect.fail(error)
    }
    if (error._tag === "Transient" && error.kind === "Timeout") {
      // A waiter may not hear of this attempt for a long time.
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
  Effect.flatMap(look(attempting), (seen) => takeUnlessContended(attempting, seen))

const look = (attempting: Attempting): Effect.Effect<Option.Option<Seen>, RequestError> =>
  paced(
    attempting,
    "read",
    (limitMillis) => observe(attempting.engine, { ...attempting.settings, requestTimeoutMillis: limitMillis })
  )

/** Where a watch has shown that there is no record. */
const create = (attempting: Attempting): Attempt =>
  Effect.flatMap(standing(attempting.engine, attempting.settings), (seen) => takeUnlessContended(attempting, seen))

const takeUnlessContended = (attempting: Attempting, seen: Option.Option<Seen>): Attempt =>
  Option.isSome(seen) && seen.value.judgement._tag === "Contended"
    ? Effect.succeed(Outcome.Contended({ record: seen.value.record }))
    : take(attempting, Option.map(seen, ({ record }) => record))

/** A released record is often deleted before it can be taken; then it is created, without a read in between. */
export const tryKnown = (attempting: Attempting, known: Exclude<Known, { readonly _tag: "Unread" }>): Attempt =>
  (known._tag === "Absent" ? create(attempting) : takeOrCreate(attempting, known.lease)).pipe(
    Effect.catchTag("Transient", (error) =>
      attempting.settings.acquireRetries > 0
        ? tryLater(attempting, attempting.settings.acquireRetries, error)
        : Effect.fail(error))
  )

const takeOrCreate = (attempting: Attempting, lease: LeaseObject): Attempt =>
  Effect.catchIf(take(attempting, Option.some(lease)), isGone, () => create(attempting))
