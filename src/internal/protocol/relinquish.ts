import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import * as FiberSet from "effect/FiberSet"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import type { Conflict, RequestError } from "../../KubeError.js"
import { Transient } from "../../KubeError.js"
import type { LeaseObject, LeaseRef, Observed } from "../../LeaseObject.js"
import type { Instant } from "../base/clocks.js"
import { millisBetween, now } from "../base/clocks.js"
import { log } from "../base/logging.js"
import { firstOf, inTime } from "../base/race.js"
import { ownerOf } from "../decisions/identity.js"
import type { LastError } from "../decisions/outOfTime.js"
import { outOfTime } from "../decisions/outOfTime.js"
import { beforeDeadline, retryDelayMillis } from "../decisions/retryDelay.js"
import type { LeftSpec } from "../decisions/specs.js"
import { asTransient } from "../http/asTransient.js"
import { onNewConnection } from "../http/newConnection.js"
import type { EngineSettings } from "../settings/engineSettings.js"
import type { Engine } from "../state/engine.js"
import { mostRequestMillis } from "../state/pace.js"

/** A release, or the giving back of what an acquire has left, that has begun. */
export interface Relinquishing {
  readonly engine: Engine
  readonly ref: LeaseRef
  readonly settings: EngineSettings
  /** `releaseTimeout` counts from here. */
  readonly startedAt: Instant
  /** The last failure. */
  readonly lastError: LastError
}

/** A record is to be left to others: to all of them (X2), or to a successor (X5). */
export interface Relinquishment extends Relinquishing {
  /** What is written; it tells the write itself, should its answer be lost. */
  readonly leaves: LeftSpec
  /** Nothing else is ever written over or deleted (X3). */
  readonly isOwn: (record: LeaseObject) => boolean
}

/** The version that is written over first. */
export interface KnownVersion {
  readonly resourceVersion: string
  /** Nobody has been left in the middle of changing it. */
  readonly isCertain: boolean
}

/** Gives the record that is left; none if the record is no longer ours. */
export const relinquish = (
  relinquishment: Relinquishment,
  known: KnownVersion | undefined
): Effect.Effect<Option.Option<Observed>, RequestError> =>
  retrying(relinquishment, (failures) => relinquishOnce(relinquishment, failures === 0 ? known : undefined))

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
        (limitMillis) =>
          relinquishment.engine.requests.delete(relinquishment.ref, { uid, resourceVersion }, limitMillis)
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
      relinquishment.lastError.note(error)
      const timeLeftMillis = yield* millisLeft(relinquishment)
      const delayMillis = retryDelayMillis({
        attempt: failures,
        error,
        random: yield* Random.next,
        ...beforeDeadline(requestTimeoutMillis(relinquishment), timeLeftMillis)
      })
      if (delayMillis >= timeLeftMillis) {
        return yield* Effect.fail(relinquishment.lastError.error === error ? error : noTimeLeft(relinquishment))
      }
      yield* Effect.sleep(delayMillis)
      return yield* retrying(relinquishment, attempt, failures + 1)
    }))

/** A first `Conflict` is explained by what a read shows; after a second, the next try waits. */
const relinquishOnce = (
  relinquishment: Relinquishment,
  known: KnownVersion | undefined
): Effect.Effect<Option.Option<Observed>, RequestError> =>
  Effect.gen(function*() {
    let standing = known === undefined ? yield* look(relinquishment) : yield* ascertained(relinquishment, known)
    for (let conflicts = 0; standing._tag === "Own";) {
      const answer = yield* Effect.either(write(relinquishment, standing.resourceVersion))
      if (Either.isRight(answer)) {
        standing = answer.right
      } else if (answer.left._tag !== "Conflict") {
        return yield* answer.left
      } else if (conflicts++ > 0) {
        return yield* asTransient(answer.left)
      } else {
        standing = yield* look(relinquishment)
      }
    }
    return standing._tag === "Left" ? Option.some(standing.record) : Option.none()
  })

/** What the server has for our term. */
type Standing = Data.TaggedEnum<{
  /** It is to be written over at this version. */
  Own: { readonly resourceVersion: string }
  /** It is as it is to be left. */
  Left: { readonly record: Observed }
  /** Nothing of it is this process's. */
  Foreign: {}
}>

const Standing = Data.taggedEnum<Standing>()

const look = (relinquishment: Relinquishment, longestMillis = Infinity): Effect.Effect<Standing, RequestError> =>
  Effect.flatMap(
    requestMillis(relinquishment),
    (limitMillis) => relinquishment.engine.requests.get(relinquishment.ref, Math.min(limitMillis, longestMillis))
  ).pipe(
    Effect.map((record) => {
      if (hasLanded(relinquishment, record)) {
        return Standing.Left({ record })
      }
      const { resourceVersion } = record.metadata
      return relinquishment.isOwn(record) ? Standing.Own({ resourceVersion }) : Standing.Foreign()
    }),
    Effect.catchTag("NotFound", () => Effect.succeed(Standing.Foreign()))
  )

/** A read tells which version to clear. If it is not answered, the clear is sent over the last known version (X1). */
const ascertained = (
  relinquishment: Relinquishment,
  { isCertain, resourceVersion }: KnownVersion
): Effect.Effect<Standing> => {
  const known = Standing.Own({ resourceVersion })
  return isCertain ? Effect.succeed(known) : Effect.flatMap(
    millisLeft(relinquishment),
    (millis) =>
      look(relinquishment, Math.floor(millis / 2)).pipe(
        onNewConnection,
        Effect.catchAll((error) => {
          relinquishment.lastError.note(error)
          return Effect.succeed(known)
        })
      )
  )
}

/**
 * Once sent, the write is not aborted for want of time: on a slow server it frees the lease early, though nobody waits for
 * it any more. Where its answer does not come, a read tells a slow server from a dead connection, on which it is given up.
 */
const write = (
  relinquishment: Relinquishment,
  resourceVersion: string
): Effect.Effect<Standing, RequestError | Conflict> =>
  Effect.gen(function*() {
    const { engine, leaves, ref, settings } = relinquishment
    const leftMillis = yield* millisLeft(relinquishment)
    if (leftMillis === 0) {
      return yield* noTimeLeft(relinquishment)
    }
    const sending = yield* engine.requests.patch(ref, { resourceVersion, spec: leaves }, mostRequestMillis(settings))
      .pipe(
        Effect.tap(() => tellIfLate(relinquishment)),
        Effect.interruptible,
        // Effect logs a fiber that fails as unhandled, even if it is joined.
        Effect.exit,
        Effect.forkDaemon
      )
    // Interrupted at once if the engine has closed.
    FiberSet.unsafeAdd(engine.holding, sending)
    const answer = Effect.flatten(Fiber.join(sending)).pipe(
      Effect.map((record) => Standing.Left({ record })),
      Effect.catchTag("NotFound", () => Effect.succeed(Standing.Foreign()))
    )
    const limitMillis = engine.pace.limitMillis("write", yield* requestMillis(relinquishment), leftMillis)
    const answered = yield* inTime(limitMillis)(answer)
    if (Option.isSome(answered)) {
      return answered.value
    }
    if ((yield* millisLeft(relinquishment)) === 0) {
      return yield* answer
    }
    const shown = Effect.matchEffect(onNewConnection(look(relinquishment)), {
      onFailure: (error) => {
        relinquishment.lastError.note(error)
        return answer
      },
      onSuccess: (standing) => Effect.as(Fiber.interruptFork(sending), standing)
    })
    return yield* firstOf(answer, shown)
  })

const tellIfLate = (relinquishment: Relinquishment): Effect.Effect<void> =>
  Effect.flatMap(
    millisLeft(relinquishment),
    (millis) =>
      millis > 0 ? Effect.void : log(Effect.logInfo("The API server has answered late; the lease is free after all"))
  )

/** What a relinquishment fails with that has used its time up. */
export const noTimeLeft = ({ lastError, ref, settings }: Relinquishing): Transient =>
  outOfTime({
    doing: "release",
    operation: "patch",
    ref,
    limitMillis: settings.releaseTimeoutMillis,
    lastError: lastError.error
  })

/** Our own write has landed although its answer has not. */
const hasLanded = ({ leaves }: Relinquishment, record: LeaseObject): boolean =>
  ownerOf(record) === leaves.holderIdentity && record.spec?.acquireTime === leaves.acquireTime

const millisLeft = ({ settings, startedAt }: Relinquishment): Effect.Effect<number> =>
  Effect.map(now, (at) => Math.max(0, settings.releaseTimeoutMillis - millisBetween(startedAt, at)))

const requestMillis = (relinquishment: Relinquishment): Effect.Effect<number> =>
  Effect.map(millisLeft(relinquishment), (left) => Math.floor(Math.min(left, requestTimeoutMillis(relinquishment))))

/** So short that one request without an answer is not the end (X4). */
const requestTimeoutMillis = ({ settings }: Relinquishment): number =>
  Math.min(settings.requestTimeoutMillis, Math.floor(settings.releaseTimeoutMillis / 2))
