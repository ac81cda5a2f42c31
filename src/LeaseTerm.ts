/**
 * Pure decisions about records and terms: who holds a Lease, which term that is, and whether its time has run out.
 *
 * @since 0.1.0
 */
import * as Brand from "effect/Brand"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as Order from "effect/Order"
import type { Instant } from "./internal/base/clocks.js"
import { millisBetween, monotonicMillisBetween } from "./internal/base/clocks.js"
import { isStampOfFirstTerm, resolutionMillis, specStampMillis } from "./internal/decisions/managedFields.js"
import { quote } from "./internal/base/quoting.js"
import type { KubeError } from "./KubeError.js"
import type { LeaseObject, LeaseRef, LeaseSpec, MicroTime, Observed } from "./LeaseObject.js"
import { microTimeToMillis } from "./LeaseObject.js"

/**
 * The `resourceVersion` of a term's acquiring write: a positive integer that only grows, across deletes too. It can
 * exceed 2^53, hence a decimal string; compare it with `FencingTokenOrder`, never as a string.
 *
 * @since 0.1.0
 * @category fencing
 */
export type FencingToken = string & Brand.Brand<"kubernetes-lease/FencingToken">

/**
 * @throws BrandErrors for anything but a positive decimal integer
 * @since 0.1.0
 * @category fencing
 */
export const FencingToken: Brand.Brand.Constructor<FencingToken> = Brand.refined<FencingToken>(
  (text) => /^[1-9]\d*$/.test(text),
  (text) => Brand.error(`A fencing token is a positive decimal integer, not ${JSON.stringify(text)}`)
)

/**
 * Compares as integers: `"999"` before `"1000"`.
 *
 * @since 0.1.0
 * @category fencing
 */
export const FencingTokenOrder: Order.Order<FencingToken> = Order.mapInput(
  Order.bigint,
  (token: FencingToken) => BigInt(token)
)

/**
 * What tells one term from every other, whoever holds it under whatever name (T1).
 *
 * @since 0.1.0
 * @category identity
 */
export interface TermIdentity {
  readonly uid: string | undefined
  readonly owner: string
  readonly acquireTime: MicroTime | undefined
  readonly leaseTransitions: number
}

/**
 * The owner that a record names; `""` for nobody.
 *
 * @since 0.1.0
 * @category identity
 */
export const ownerOf = (lease: LeaseObject): string => lease.spec?.holderIdentity ?? ""

/**
 * @since 0.1.0
 * @category identity
 */
export const identityOf = (lease: LeaseObject): TermIdentity => ({
  uid: lease.metadata.uid,
  owner: ownerOf(lease),
  acquireTime: lease.spec?.acquireTime,
  leaseTransitions: lease.spec?.leaseTransitions ?? 0
})

/**
 * @since 0.1.0
 * @category identity
 */
export const isSameTerm = (self: TermIdentity, that: TermIdentity): boolean =>
  self.uid === that.uid && self.owner === that.owner && self.acquireTime === that.acquireTime &&
  self.leaseTransitions === that.leaseTransitions

/**
 * Whether a record shows the term of an acquiring write; the uid of a new Lease is not known before.
 *
 * @since 0.1.0
 * @category identity
 */
export const isTermSent = (sent: TermIdentity, record: LeaseObject): boolean => {
  const found = identityOf(record)
  return isSameTerm({ ...sent, uid: sent.uid ?? found.uid }, found)
}

/**
 * A `spec` with every field.
 *
 * @since 0.1.0
 * @category transitions
 */
export type CompleteSpec = { readonly [K in keyof LeaseSpec]-?: NonNullable<LeaseSpec[K]> }

/**
 * What a create writes (T1).
 *
 * @since 0.1.0
 * @category transitions
 */
export const createSpec = (owner: string, durationSeconds: number, now: MicroTime): CompleteSpec => ({
  holderIdentity: owner,
  leaseDurationSeconds: durationSeconds,
  acquireTime: now,
  renewTime: now,
  leaseTransitions: 0
})

/** API servers keep 32 bits. */
const mostTransitions = 2 ** 31 - 1

/**
 * What a take writes over a record (T1): one transition more, from the largest number on counted from 1 again.
 *
 * @since 0.1.0
 * @category transitions
 */
export const takeSpec = (
  record: LeaseObject,
  owner: string,
  durationSeconds: number,
  now: MicroTime
): CompleteSpec => ({
  ...createSpec(owner, durationSeconds, now),
  leaseTransitions: nextTransitions(record.spec?.leaseTransitions ?? 0)
})

const nextTransitions = (transitions: number): number => transitions % mostTransitions + 1

/**
 * What whoever gives a lease up leaves in the record.
 *
 * @since 0.1.0
 * @category transitions
 */
export interface LeftSpec extends LeaseSpec {
  readonly holderIdentity: string
  readonly acquireTime: MicroTime
}

/**
 * What a release writes (X2): no holder, and the shortest duration that a server takes. The transitions stay.
 *
 * @since 0.1.0
 * @category transitions
 */
export const clearSpec = (now: MicroTime): LeftSpec => ({
  holderIdentity: "",
  leaseDurationSeconds: 1,
  acquireTime: now,
  renewTime: now
})

/**
 * What a hand-over writes (X5): a take in the successor's name.
 *
 * @since 0.1.0
 * @category transitions
 */
export const handOverSpec = (
  term: TermIdentity,
  successor: string,
  durationSeconds: number,
  now: MicroTime
): CompleteSpec => ({
  ...createSpec(successor, durationSeconds, now),
  leaseTransitions: nextTransitions(term.leaseTransitions)
})

/**
 * Since when a record is known to stand unchanged. As long as nobody renews it, it ages.
 *
 * @since 0.1.0
 * @category expiry
 */
export interface Sighting {
  readonly identity: TermIdentity
  readonly renewTime: MicroTime | undefined
  /** When the answer or event that first showed it arrived, by the monotonic clock in nanoseconds. */
  readonly firstSeenNanos: bigint
  /** How old it was by the API servers' clocks; `undefined` where they have not told it. */
  readonly dated: DatedAge | undefined
}

/**
 * For how long at least a record had stood unchanged by the API servers' clocks.
 *
 * @since 0.1.0
 * @category expiry
 */
export interface DatedAge {
  readonly millis: number
  /** When the answer that told it arrived, by the monotonic clock in nanoseconds. */
  readonly atNanos: bigint
}

/**
 * The earlier sighting if the record is still the same, else a new one (E1).
 *
 * @since 0.1.0
 * @category expiry
 */
export const sight = (previous: Sighting | undefined, lease: LeaseObject, arrivedNanos: bigint): Sighting => {
  const identity = identityOf(lease)
  const renewTime = lease.spec?.renewTime
  return previous !== undefined && previous.renewTime === renewTime && isSameTerm(previous.identity, identity)
    ? previous
    : { identity, renewTime, firstSeenNanos: arrivedNanos, dated: undefined }
}

/**
 * How long others have to leave a record alone, in milliseconds: its own duration, or `fallback` where it has none.
 *
 * @since 0.1.0
 * @category expiry
 */
export const durationMillisOf = (lease: LeaseObject, fallback: Duration.Duration): number =>
  lease.spec?.leaseDurationSeconds === undefined
    ? Duration.toMillis(fallback)
    : lease.spec.leaseDurationSeconds * 1000

/**
 * What expiry is judged by.
 *
 * @since 0.1.0
 * @category expiry
 */
export interface Evidence {
  readonly record: Observed
  readonly sighting: Sighting
  readonly now: Instant
  /** For a record without a duration of its own. */
  readonly ttl: Duration.Duration
  readonly maxClockSkew: Duration.Duration
}

/**
 * E1: the record has not changed for its whole duration, by this process's monotonic clock.
 *
 * @since 0.1.0
 * @category expiry
 */
export const isSeenExpired = (evidence: Evidence): boolean => millisUntilSeenExpired(evidence) <= 0

const millisUntilSeenExpired = ({ now, record, sighting, ttl }: Evidence): number =>
  durationMillisOf(record, ttl) - monotonicMillisBetween(sighting.firstSeenNanos, now.monotonicNanos)

/**
 * What the API servers have told of a record that was shown by the answer to a dry run.
 *
 * @since 0.1.0
 * @category expiry
 */
export interface Dating {
  readonly record: LeaseObject
  /** The server's present as the answer's body has it, in milliseconds since 1970; whole seconds, rounded down. */
  readonly serverTimeMillis: number
  /** The server dates every change of a record, as servers since 1.25 do. */
  readonly isEveryChangeDated: boolean
  readonly maxClockSkew: Duration.Duration
}

/**
 * For how long at least the record had stood unchanged by the API servers' clocks alone, in milliseconds; not less than
 * 0 (E2). `undefined` where they do not tell: the server may not have dated the last change of `spec`, or the holder's
 * clock disagrees with the server's.
 *
 * @since 0.1.0
 * @category expiry
 */
export const datedAgeMillis = (dating: Dating): number | undefined => {
  const changedMillis = lastChangeMillis(dating)
  return changedMillis === undefined ? undefined : Math.max(0, dating.serverTimeMillis - changedMillis)
}

/** The latest instant at which the record can last have changed, by the servers' clocks. */
const lastChangeMillis = (
  { isEveryChangeDated, maxClockSkew, record }: Omit<Dating, "serverTimeMillis">
): number | undefined => {
  const stampMillis = specStampMillis(record)
  const renewTime = record.spec?.renewTime
  if (
    stampMillis === undefined || renewTime === undefined ||
    !(isEveryChangeDated || isStampOfFirstTerm(record, stampMillis)) ||
    !isDatedAlike(stampMillis, renewTime, maxClockSkew)
  ) {
    return undefined
  }
  // A holder knows the server's time to a second (T6).
  return Math.max(stampMillis, microTimeToMillis(renewTime)) + resolutionMillis
}

/**
 * Whether a time that a holder has written is that of the server's stamp, as far as such stamps are exact (E2).
 *
 * @since 0.1.0
 * @category expiry
 */
export const isDatedAlike = (stampMillis: number, time: MicroTime, maxClockSkew: Duration.Duration): boolean =>
  Math.abs(stampMillis + resolutionMillis - microTimeToMillis(time)) <=
    resolutionMillis + Duration.toMillis(maxClockSkew)

/**
 * Whether a dry run can tell the record's age (E2).
 *
 * @since 0.1.0
 * @category expiry
 */
export const isDatable = (dating: Omit<Dating, "serverTimeMillis">): boolean => lastChangeMillis(dating) !== undefined

/**
 * Whether a dry run may tell that the record is older than it has been seen to be (E2): not where the server cannot have
 * dated it, nor where this process has looked within the record's duration, which E1 then ends soon enough.
 *
 * @param lastLookAt when an answer or event last showed the lease before
 * @since 0.1.0
 * @category expiry
 */
export const isWorthDating = (
  { maxClockSkew, now, record, sighting, ttl }: Evidence,
  lastLookAt: Instant | undefined
): boolean =>
  sighting.dated === undefined &&
  isDatable({ record, isEveryChangeDated: true, maxClockSkew }) &&
  (lastLookAt === undefined || millisBetween(lastLookAt, now) >= durationMillisOf(record, ttl))

/**
 * E2: by the API servers' clocks the record had stood unchanged so long, as they told it, that its duration and
 * `maxClockSkew` are over by now.
 *
 * @since 0.1.0
 * @category expiry
 */
export const isDatedExpired = (evidence: Evidence): boolean => millisUntilDatedExpired(evidence) <= 0

/** `Infinity` where E2 says nothing. */
const millisUntilDatedExpired = (
  { maxClockSkew, now, record, sighting: { dated }, ttl }: Evidence
): number =>
  dated === undefined
    ? Infinity
    : durationMillisOf(record, ttl) + Duration.toMillis(maxClockSkew) - dated.millis -
      monotonicMillisBetween(dated.atNanos, now.monotonicNanos)

/**
 * E4: only for a record without `metadata.uid`, which no API server sends: `renewTime` against the wall clock.
 *
 * @since 0.1.0
 * @category expiry
 */
export const isUndatedExpired = ({ maxClockSkew, now, record, ttl }: Evidence): boolean => {
  const renewTime = record.spec?.renewTime
  return record.metadata.uid === undefined && renewTime !== undefined &&
    microTimeToMillis(renewTime) + durationMillisOf(record, ttl) + Duration.toMillis(maxClockSkew) < now.wallMillis
}

/**
 * E3: one of these, and nothing else.
 *
 * @since 0.1.0
 * @category expiry
 */
export const isExpired = (evidence: Evidence): boolean =>
  isSeenExpired(evidence) || isDatedExpired(evidence) || isUndatedExpired(evidence)

/**
 * In how many milliseconds the record expires, if nothing changes it until then (W1).
 *
 * @since 0.1.0
 * @category expiry
 */
export const millisUntilExpired = (evidence: Evidence): number =>
  Math.max(0, Math.min(millisUntilSeenExpired(evidence), millisUntilDatedExpired(evidence)))

/**
 * What a contender may do with a record (A2).
 *
 * @since 0.1.0
 * @category decisions
 */
export type Judgement = Data.TaggedEnum<{
  /** The Lease may be taken: nobody holds it, this very owner does, or its time has run out. */
  Free: { readonly because: "vacant" | "own" | "expired" }
  /** Somebody else holds it, or it is being deleted. */
  Contended: { readonly by: string; readonly because: "fresh" | "duplicateOwner" | "terminating" }
}>

/**
 * @since 0.1.0
 * @category decisions
 */
export const Judgement = Data.taggedEnum<Judgement>()

/**
 * A2. `ownNameIsTaken`: this process has lost a term to its own owner name, so that name is somebody else's (F43).
 *
 * @since 0.1.0
 * @category decisions
 */
export const judge = (owner: string, ownNameIsTaken: boolean, evidence: Evidence): Judgement => {
  const by = ownerOf(evidence.record)
  if (evidence.record.metadata.deletionTimestamp !== undefined) {
    return Judgement.Contended({ by, because: "terminating" })
  }
  if (by === "") {
    return Judgement.Free({ because: "vacant" })
  }
  if (by === owner && !ownNameIsTaken) {
    return Judgement.Free({ because: "own" })
  }
  if (isExpired(evidence)) {
    return Judgement.Free({ because: "expired" })
  }
  return Judgement.Contended({ by, because: by === owner ? "duplicateOwner" : "fresh" })
}

/**
 * Why a term ended.
 *
 * @since 0.1.0
 * @category ends
 */
export type LostReason = Data.TaggedEnum<{
  /** Another term stands in the record. */
  TakenOver: { readonly by: string }
  /** The Lease is gone, cleared, or another object of its name. */
  Deleted: {}
  /** No renewal was acknowledged before the renew deadline. */
  Expired: { readonly lastError: Option.Option<KubeError> }
  /** A defect in the renewal. */
  Failed: { readonly defect: unknown }
  /** Given back by this process. */
  Released: {}
}>

/**
 * @since 0.1.0
 * @category ends
 */
export const LostReason = Data.taggedEnum<LostReason>()

/**
 * This process no longer holds the lease. What the lease protects must stop at once.
 *
 * @since 0.1.0
 * @category errors
 */
export class LeaseLost extends Data.TaggedError("LeaseLost")<{
  readonly ref: LeaseRef
  readonly owner: string
  readonly token: FencingToken
  readonly reason: LostReason
  readonly message: string
}> {}

const longestCause = 600

const describe: (reason: LostReason) => string = LostReason.$match({
  TakenOver: ({ by }) => `${quote(by)} has taken it over`,
  Deleted: () => "it was deleted or cleared by somebody else",
  Expired: ({ lastError }) =>
    `no renewal was acknowledged before the renew deadline${
      Option.match(lastError, {
        onNone: () => "",
        onSome: (error) => `; last error: ${quote(error.message, [], longestCause)}`
      })
    }`,
  Failed: ({ defect }) =>
    `its renewal failed unexpectedly: ${
      quote(defect instanceof Error ? defect.message : String(defect), [], longestCause)
    }`,
  Released: () => "it was released"
})

/**
 * @since 0.1.0
 * @category errors
 */
export const leaseLost = (
  term: { readonly ref: LeaseRef; readonly owner: string; readonly token: FencingToken },
  reason: LostReason
): LeaseLost =>
  new LeaseLost({
    ref: term.ref,
    owner: term.owner,
    token: term.token,
    reason,
    message: `${term.owner} no longer holds lease ${term.ref.namespace}/${term.ref.name}: ${describe(reason)}`
  })

/**
 * What the server's record says of a term (R2): that it stands, or why it has ended.
 *
 * @since 0.1.0
 * @category decisions
 */
export const endedBy = (term: TermIdentity, record: LeaseObject): Option.Option<LostReason> => {
  const found = identityOf(record)
  if (isSameTerm(term, found)) {
    return Option.none()
  }
  return Option.some(
    found.uid !== term.uid || found.owner === "" ? LostReason.Deleted() : LostReason.TakenOver({ by: found.owner })
  )
}
