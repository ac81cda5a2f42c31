import type { LeaseObject, MicroTime, Observed } from "../../LeaseObject.js"
import { microTimeToMillis } from "../../LeaseObject.js"
import type { Instant } from "../base/clocks.js"
import { millisBetween, monotonicMillisBetween } from "../base/clocks.js"
import type { TermIdentity } from "./identity.js"
import { identityOf, isSameTerm } from "./identity.js"
import { isStampOfFirstTerm, resolutionMillis, specStampMillis } from "./managedFields.js"

/** Since when a record is known to be unchanged. */
export interface Sighting {
  readonly identity: TermIdentity
  readonly renewTime: MicroTime | undefined
  /** When the answer or event that first showed it arrived, by the monotonic clock in nanoseconds. */
  readonly firstSeenNanos: bigint
  /** How old it was by the API servers' clocks; `undefined` where they have not told it. */
  readonly dated: DatedAge | undefined
}

/** For how long at least a record had stood unchanged by the API servers' clocks. */
export interface DatedAge {
  readonly millis: number
  /** When the answer that told it arrived, by the monotonic clock in nanoseconds. */
  readonly atNanos: bigint
}

/** The earlier sighting if the record is still the same, else a new one (E1). */
export const sight = (previous: Sighting | undefined, lease: LeaseObject, arrivedNanos: bigint): Sighting => {
  const identity = identityOf(lease)
  const renewTime = lease.spec?.renewTime
  return previous !== undefined && previous.renewTime === renewTime && isSameTerm(previous.identity, identity)
    ? previous
    : { identity, renewTime, firstSeenNanos: arrivedNanos, dated: undefined }
}

/**
 * How long others have to leave a record alone, in milliseconds: its own duration, or `fallbackMillis` where it has none.
 */
export const durationMillisOf = (lease: LeaseObject, fallbackMillis: number): number =>
  lease.spec?.leaseDurationSeconds === undefined
    ? fallbackMillis
    : lease.spec.leaseDurationSeconds * 1000

/** What expiry is judged by. */
export interface Evidence {
  readonly record: Observed
  readonly sighting: Sighting
  readonly now: Instant
  /** For a record without a duration of its own. */
  readonly ttlMillis: number
  readonly maxClockSkewMillis: number
}

/** E1: the record has not changed for its whole duration, by this process's monotonic clock. */
export const isSeenExpired = (evidence: Evidence): boolean => millisUntilSeenExpired(evidence) <= 0

const millisUntilSeenExpired = ({ now, record, sighting, ttlMillis }: Evidence): number =>
  durationMillisOf(record, ttlMillis) - monotonicMillisBetween(sighting.firstSeenNanos, now.monotonicNanos)

/** What the API servers have told of a record that was shown by the answer to a dry run. */
export interface Dating {
  readonly record: LeaseObject
  /** The server's present as the answer's body has it, in milliseconds since 1970; whole seconds, rounded down. */
  readonly serverTimeMillis: number
  /** The server dates every change of a record, as servers since 1.25 do. */
  readonly isEveryChangeDated: boolean
  readonly maxClockSkewMillis: number
}

/**
 * For how long at least the record had stood unchanged by the API servers' clocks alone, in milliseconds; not less than
 * 0 (E2). `undefined` where they do not tell: the server may not have dated the last change of `spec`, or the holder's
 * clock disagrees with the server's.
 */
export const datedAgeMillis = (dating: Dating): number | undefined => {
  const changedMillis = lastChangeMillis(dating)
  return changedMillis === undefined ? undefined : Math.max(0, dating.serverTimeMillis - changedMillis)
}

/** The latest instant at which the record can last have changed, by the servers' clocks. */
const lastChangeMillis = (
  { isEveryChangeDated, maxClockSkewMillis, record }: Omit<Dating, "serverTimeMillis">
): number | undefined => {
  const stampMillis = specStampMillis(record)
  const renewTime = record.spec?.renewTime
  if (
    stampMillis === undefined || renewTime === undefined ||
    !(isEveryChangeDated || isStampOfFirstTerm(record, stampMillis)) ||
    !isDatedAlike(stampMillis, renewTime, maxClockSkewMillis)
  ) {
    return undefined
  }
  // A holder knows the server's time to a second (T6).
  return Math.max(stampMillis, microTimeToMillis(renewTime)) + resolutionMillis
}

/** Whether a time that a holder has written is that of the server's stamp, as far as such stamps are exact (E2). */
export const isDatedAlike = (stampMillis: number, time: MicroTime, maxClockSkewMillis: number): boolean =>
  Math.abs(stampMillis + resolutionMillis - microTimeToMillis(time)) <=
    resolutionMillis + maxClockSkewMillis

/** Whether a dry run can tell the record's age (E2). */
export const isDatable = (dating: Omit<Dating, "serverTimeMillis">): boolean => lastChangeMillis(dating) !== undefined

/**
 * Whether a dry run may tell that the record is older than it has been seen to be (E2): not where the server cannot have
 * dated it, nor where this process has looked within the record's duration, which E1 then ends soon enough.
 *
 * @param lastLookAt when an answer or event last showed the lease before
 */
export const isWorthDating = (
  { maxClockSkewMillis, now, record, sighting, ttlMillis }: Evidence,
  lastLookAt: Instant | undefined
): boolean =>
  sighting.dated === undefined &&
  isDatable({ record, isEveryChangeDated: true, maxClockSkewMillis }) &&
  (lastLookAt === undefined || millisBetween(lastLookAt, now) >= durationMillisOf(record, ttlMillis))

/**
 * E2: by the API servers' clocks the record had stood unchanged so long, as they told it, that its duration and
 * `maxClockSkewMillis` are over by now.
 */
export const isDatedExpired = (evidence: Evidence): boolean => millisUntilDatedExpired(evidence) <= 0

/** `Infinity` where E2 says nothing. */
const millisUntilDatedExpired = (
  { maxClockSkewMillis, now, record, sighting: { dated }, ttlMillis }: Evidence
): number =>
  dated === undefined
    ? Infinity
    : durationMillisOf(record, ttlMillis) + maxClockSkewMillis - dated.millis -
      monotonicMillisBetween(dated.atNanos, now.monotonicNanos)

/** E4: only for a record without `metadata.uid`, which no API server sends: `renewTime` against the wall clock. */
export const isUndatedExpired = ({ maxClockSkewMillis, now, record, ttlMillis }: Evidence): boolean => {
  const renewTime = record.spec?.renewTime
  return record.metadata.uid === undefined && renewTime !== undefined &&
    microTimeToMillis(renewTime) + durationMillisOf(record, ttlMillis) + maxClockSkewMillis < now.wallMillis
}

/** E3: one of these, and nothing else. */
export const isExpired = (evidence: Evidence): boolean =>
  isSeenExpired(evidence) || isDatedExpired(evidence) || isUndatedExpired(evidence)

/** In how many milliseconds the record expires, if nothing changes it until then (W1). */
export const millisUntilExpired = (evidence: Evidence): number =>
  Math.max(0, Math.min(millisUntilSeenExpired(evidence), millisUntilDatedExpired(evidence)))
