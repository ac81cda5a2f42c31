import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import type { RequestError } from "../KubeError.js"
import { Transient } from "../KubeError.js"
import type { LeaseObject, LeaseRef, MicroTime, Observed } from "../LeaseObject.js"
import type { LeaseSettings } from "../LeaseSettings.js"
import { ownerOf } from "../LeaseTerm.js"
import { asTransient } from "./asTransient.js"
import type { Instant } from "./clocks.js"
import { millisBetween, now } from "./clocks.js"
import { log } from "./logging.js"
import type { Requests } from "./requests.js"
import { retryDelayMillis } from "./retryDelay.js"

/** A record is to be left without a holder, and then removed. */
export interface Clearing {
  readonly requests: Requests
  readonly ref: LeaseRef
  readonly settings: LeaseSettings
  /** `releaseTimeout` counts from here. */
  readonly startedAt: Instant
  /** The times that the cleared record gets; its mark too, should the answer be lost. */
  readonly clearTime: MicroTime
  /** Nothing else is ever cleared or deleted (X3). */
  readonly isOwn: (record: LeaseObject) => boolean
}

/**
 * Clears, so that waiting contenders go on from here (X2). Gives the cleared record, or none if nothing that may be
 * cleared stands any more.
 */
export const clear = (
  clearing: Clearing,
  resourceVersion: string | undefined
): Effect.Effect<Option.Option<Observed>, RequestError> =>
  retrying(clearing, (failures) => clearOnce(clearing, failures === 0 ? resourceVersion : undefined))

/**
 * Deletes what has been cleared, in mode `"delete"` (X2). The lease is free already: whatever keeps the record, be it a
 * missing right, is no failure of the release.
 */
export const deleteCleared = (clearing: Clearing, cleared: Option.Option<Observed>): Effect.Effect<void> => {
  const { resourceVersion, uid } = Option.getOrUndefined(cleared)?.metadata ?? {}
  return clearing.settings.releaseMode === "clear" || uid === undefined || resourceVersion === undefined
    ? Effect.void
    : retrying(clearing, () =>
      Effect.flatMap(
        requestMillis(clearing),
        (limitMillis) => clearing.requests.delete(clearing.ref, { uid, resourceVersion }, limitMillis)
      )).pipe(Effect.catchAll((error) => log(Effect.logDebug("Released; the cleared record stays", error))))
}

/** `Transient` is retried as long as `releaseTimeout` allows (X4). */
const retrying = <A, E>(
  clearing: Clearing,
  attempt: (failures: number) => Effect.Effect<A, E | Transient>,
  failures = 0
): Effect.Effect<A, E | Transient> =>
  Effect.catchIf(attempt(failures), (error) => error instanceof Transient, (error) =>
    Effect.gen(function*() {
      const timeLeftMillis = yield* millisLeft(clearing)
      const delayMillis = retryDelayMillis({
        attempt: failures,
        error,
        random: yield* Random.next,
        requestTimeoutMillis: requestTimeoutMillis(clearing),
        timeLeftMillis
      })
      if (delayMillis >= timeLeftMillis) {
        return yield* Effect.fail(error)
      }
      yield* Effect.sleep(Duration.millis(delayMillis))
      return yield* retrying(clearing, attempt, failures + 1)
    }))

/** A first `Conflict` is explained by what a read shows; after a second, the next try waits. */
const clearOnce = (
  clearing: Clearing,
  knownVersion: string | undefined
): Effect.Effect<Option.Option<Observed>, RequestError> =>
  Effect.gen(function*() {
    const { clearTime, ref, requests } = clearing
    let resourceVersion = knownVersion
    for (let conflicts = 0;; conflicts++) {
      if (resourceVersion === undefined) {
        const record = yield* read(clearing)
        if (Option.isNone(record) || isCleared(clearing, record.value)) {
          return record
        }
        if (!clearing.isOwn(record.value)) {
          return Option.none()
        }
        resourceVersion = record.value.metadata.resourceVersion
      }
      const answer = yield* Effect.either(requests.patch(ref, {
        resourceVersion,
        spec: { holderIdentity: "", leaseDurationSeconds: 1, acquireTime: clearTime, renewTime: clearTime }
      }, yield* requestMillis(clearing)))
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

const read = (clearing: Clearing): Effect.Effect<Option.Option<Observed>, RequestError> =>
  Effect.flatMap(requestMillis(clearing), (limitMillis) => clearing.requests.get(clearing.ref, limitMillis)).pipe(
    Effect.asSome,
    Effect.catchTag("NotFound", () => Effect.succeedNone)
  )

/** Our own clear has landed although its answer has not. */
const isCleared = (clearing: Clearing, record: LeaseObject): boolean =>
  ownerOf(record) === "" && record.spec?.acquireTime === clearing.clearTime

const millisLeft = ({ settings, startedAt }: Clearing): Effect.Effect<number> =>
  Effect.map(now, (at) => Math.max(0, Duration.toMillis(settings.releaseTimeout) - millisBetween(startedAt, at)))

const requestMillis = (clearing: Clearing): Effect.Effect<number> =>
  Effect.map(millisLeft(clearing), (left) => Math.floor(Math.min(left, requestTimeoutMillis(clearing))))

/** So short that one request without an answer is not the end (X4). */
const requestTimeoutMillis = ({ settings }: Clearing): number =>
  Math.min(Duration.toMillis(settings.requestTimeout), Math.floor(Duration.toMillis(settings.releaseTimeout) / 2))
