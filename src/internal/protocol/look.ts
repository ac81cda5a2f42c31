import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { RequestError } from "../../KubeError.js"
import type { Observed } from "../../LeaseObject.js"
import type { Instant } from "../base/clocks.js"
import { now } from "../base/clocks.js"
import { log } from "../base/logging.js"
import type { Evidence } from "../decisions/expiry.js"
import { datedAgeMillis, isDatable, isWorthDating } from "../decisions/expiry.js"
import type { Judgement } from "../decisions/judge.js"
import { judge } from "../decisions/judge.js"
import { datesEveryChange } from "../decisions/managedFields.js"
import type { EngineSettings } from "../settings/engineSettings.js"
import type { Engine } from "../state/engine.js"

/** A record that has just been read or shown by a watch, and whether it may be taken. */
export interface Seen {
  readonly record: Observed
  readonly evidence: Evidence
  readonly judgement: Judgement
  /** When an answer or event last showed the lease before. */
  readonly lastLookAt: Instant | undefined
}

/** Reads the record, and asks the server for its age where that may help. None if there is no record that blocks us. */
export const observe = (engine: Engine, settings: EngineSettings): Effect.Effect<Option.Option<Seen>, RequestError> =>
  Effect.suspend(() => engine.requests.get(settings.ref, settings.requestTimeoutMillis)).pipe(
    Effect.interruptible,
    Effect.flatMap((record) => Effect.map(now, (at) => weigh(engine, settings, record, at))),
    Effect.flatMap((seen) =>
      isOldPerhaps(seen) ? Effect.interruptible(date(engine, settings, seen)) : Effect.succeed(seen)
    ),
    Effect.tap((seen) => warn(engine, settings, seen)),
    Effect.asSome,
    Effect.catchTag("NotFound", () =>
      Effect.flatMap(now, (at) => {
        engine.sightings.seeNone(settings.ref, at)
        return standing(engine, settings)
      }))
  )

/**
 * A Lease that was deleted while it was held still blocks us until its duration has passed: its holder may not know yet
 * (W1, F40).
 */
export const standing = (engine: Engine, settings: EngineSettings): Effect.Effect<Option.Option<Seen>> =>
  Effect.map(now, (at) =>
    Option.fromNullable(engine.sightings.deleted(settings.ref)).pipe(
      Option.map((record) => weigh(engine, settings, record, at)),
      Option.filter(({ judgement }) => judgement._tag === "Contended")
    ))

/** What an answer or an event that arrived at that instant shows (E1). */
export const weigh = (
  engine: Engine,
  settings: EngineSettings,
  record: Observed,
  arrivedAt: Instant
): Seen => {
  const { lastLookAt, sighting } = engine.sightings.see(settings.ref, record, arrivedAt)
  const { maxClockSkewMillis, ttlMillis } = settings
  const evidence: Evidence = { record, sighting, now: arrivedAt, ttlMillis, maxClockSkewMillis }
  const judgement = judge(settings.owner, engine.terms.hasLostToOwnName(settings.ref, settings.owner), evidence)
  return { record, evidence, judgement, lastLookAt }
}

/** Warns the operator of a record that blocks us for an unusual reason. */
const warn = (engine: Engine, settings: EngineSettings, { judgement, record }: Seen): Effect.Effect<void> =>
  Effect.gen(function*() {
    if (judgement._tag === "Free") {
      return
    }
    if (judgement.because !== "fresh") {
      yield* log(Effect.logWarning(advice[judgement.because]))
    }
    yield* engine.absurdDurations.warn(settings.ref, record)
  })

const advice = {
  duplicateOwner: "Another process uses this owner name, which has to be this process's own",
  terminating: "The Lease is being deleted and waits for its finalizers"
} as const

const isOldPerhaps = ({ evidence, judgement, lastLookAt }: Seen): boolean =>
  judgement._tag === "Contended" && judgement.because !== "terminating" && isWorthDating(evidence, lastLookAt)

/** Asks the API server how long the record has stood (E2). If it does not tell, the record ages from its first sighting on. */
const date = (engine: Engine, settings: EngineSettings, seen: Seen): Effect.Effect<Seen> =>
  Effect.gen(function*() {
    const { requests, sightings } = engine
    const { maxClockSkewMillis } = settings
    const ref = settings.ref
    const limitMillis = datingMillis(settings)
    const isEveryChangeDated = yield* Effect.match(requests.version(limitMillis), {
      onFailure: () => false,
      onSuccess: datesEveryChange
    })
    if (!isDatable({ record: seen.record, isEveryChangeDated, maxClockSkewMillis })) {
      return seen
    }
    const { serverTimeMillis, ...record } = yield* requests.dryRun(ref, limitMillis)
    const at = yield* now
    const millis = serverTimeMillis === undefined
      ? undefined
      : datedAgeMillis({ record, serverTimeMillis, isEveryChangeDated, maxClockSkewMillis })
    sightings.see(ref, record, at)
    if (millis !== undefined) {
      sightings.date(ref, { millis, atNanos: at.monotonicNanos })
    }
    return weigh(engine, settings, record, at)
  }).pipe(
    Effect.catchAll((error) =>
      Effect.as(log(Effect.logDebug("The API server does not tell how old the record is", error)), seen)
    )
  )

/** So short that an attempt has time to answer without it. */
const datingMillis = ({ acquireTimeoutMillis, requestTimeoutMillis }: EngineSettings): number =>
  Math.floor(Math.min(requestTimeoutMillis, acquireTimeoutMillis / 4))
