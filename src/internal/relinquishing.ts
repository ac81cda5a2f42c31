import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import type { RequestError } from "../KubeError.js"
import { Transient } from "../KubeError.js"
import type { LeaseObject, LeaseRef, Observed } from "../LeaseObject.js"
import type { LeaseSettings } from "../LeaseSettings.js"
import type { LeftSpec } from "../LeaseTerm.js"
import { ownerOf } from "../LeaseTerm.js"
import { asTransient } from "./asTransient.js"
import type { Instant } from "./clocks.js"
import { millisBetween, now } from "./clocks.js"
import { log } from "./logging.js"
import type { Requests } from "./requests.js"
import { beforeDeadline, retryDelayMillis } from "./retryDelay.js"

/** A record is to be left to others: to all of them (X2), or to a successor (X5). */
export interface Relinquishment {
  readonly requests: Requests
  readonly ref: LeaseRef
  readonly settings: LeaseSettings
  /** `releaseTimeout` counts from here. */
  readonly startedAt: Instant
  /** What is written; it tells the write itself, should its answer be lost. */
  readonly leaves: LeftSpec
  /** Nothing else is ever written over or deleted (X3). */
  readonly isOwn: (record: LeaseObject) => boolean
}

/** Gives the record that is left, or none if the one that was to be left stands no more. */
export const relinquish = (
  relinquishment: Relinquishment,
  resourceVersion: string | undefined
): Effect.Effect<Option.Option<Observed>, RequestError> =>
  retrying(relinquishment, (failures) => relinquishOnce(relinquishment, failures === 0 ? resourceVersion : undefined))

/**
 * Deletes what has been cleared, in mode `"delete"` (X2). The lease is free already: whatever keeps the record, be it a
 * missing right, is no failure of the release.
 */
export const deleteCleared = (
  relinquishment: Relinquishment,
  cleared: Option.Option<Observed>
): Effect.Effect<void> => {
  const { resourceVersion, uid } = Option.getOrUndefined(cleared)?.metadata ?? {}
  return relinquishment.settings.releaseMode === "clear" || uid === undefined || resourceVersion === undefined
    ? Effect.void
    : retrying(relinquishment, () =>
      Effect.flatMap(
        requestMillis(relinquishment),
        (limitMillis) => relinquishment.requests.delete(relinquishment.ref, { uid, resourceVersion }, limitMillis)
      )).pipe(Effect.catchAll((error) => log(Effect.logDebug("Released; the cleared record stays", error))))
}

/** `Transient` is retried as long as `releaseTimeout` allows (X4). */
const retrying = <A, E>(
  relinquishment: Relinquishment,
  attempt: (failures: number) => Effect.Effect<A, E | Transient>,
  failures = 0
): Effect.Effect<A, E | Transient> =>
  Effect.catchIf(attempt(failures), (error) => error instanceof Transient, (error) =>
    Effect.gen(function*() {
      const timeLeftMillis = yield* millisLeft(relinquishment)
      const delayMillis = retryDelayMillis({
        attempt: failures,
        error,
        random: yield* Random.next,
        ...beforeDeadline(requestTimeoutMillis(relinquishment), timeLeftMillis)
      })
      if (delayMillis >= timeLeftMillis) {
        return yield* Effect.fail(error)
      }
      yield* Effect.sleep(Duration.millis(delayMillis))
      return yield* retrying(relinquishment, attempt, failures + 1)
    }))

/** A first `Conflict` is explained by what a read shows; after a second, the next try waits. */
const relinquishOnce = (
  relinquishment: Relinquishment,
  knownVersion: string | undefined
): Effect.Effect<Option.Option<Observed>, RequestError> =>
  Effect.gen(function*() {
    const { leaves, ref, requests } = relinquishment
    let resourceVersion = knownVersion
    for (let conflicts = 0;; conflicts++) {
      if (resourceVersion === undefined) {
        const record = yield* read(relinquishment)
        if (Option.isNone(record) || hasLanded(relinquishment, record.value)) {
          return record
        }
        if (!relinquishment.isOwn(record.value)) {
          return Option.none()
        }
        resourceVersion = record.value.metadata.resourceVersion
      }
      const answer = yield* Effect.either(
        requests.patch(ref, { resourceVersion, spec: leaves }, yield* requestMillis(relinquishment))
      )
      if (Either.isRight(answer)) {
        return Option.some(answer.right)
      }
      if (answer.left._tag === "NotFound") {
        return Option.none()
      }
      if (answer.left._tag !== "Conflict") {
        return yield* answer.left
      }
      if (conflicts > 0) {
        return yield* asTransient(answer.left)
      }
      resourceVersion = undefined
    }
  })

const read = (relinquishment: Relinquishment): Effect.Effect<Option.Option<Observed>, RequestError> =>
  Effect.flatMap(
    requestMillis(relinquishment),
    (limitMillis) => relinquishment.requests.get(relinquishment.ref, limitMillis)
  ).pipe(
    Effect.asSome,
    Effect.catchTag("NotFound", () => Effect.succeedNone)
  )

/** Our own write has landed although its answer has not. */
const hasLanded = ({ leaves }: Relinquishment, record: LeaseObject): boolean =>
  ownerOf(record) === leaves.holderIdentity && record.spec?.acquireTime === leaves.acquireTime

const millisLeft = ({ settings, startedAt }: Relinquishment): Effect.Effect<number> =>
  Effect.map(now, (at) => Math.max(0, Duration.toMillis(settings.releaseTimeout) - millisBetween(startedAt, at)))

const requestMillis = (relinquishment: Relinquishment): Effect.Effect<number> =>
  Effect.map(millisLeft(relinquishment), (left) => Math.floor(Math.min(left, requestTimeoutMillis(relinquishment))))

/** So short that one request without an answer is not the end (X4). */
const requestTimeoutMillis = ({ settings }: Relinquishment): number =>
  Math.min(Duration.toMillis(settings.requestTimeout), Math.floor(Duration.toMillis(settings.releaseTimeout) / 2))
