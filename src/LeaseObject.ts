/**
 * The wire model: a `Lease` of `coordination.k8s.io/v1` as API servers send and take it.
 *
 * @since 0.1.0
 */
import * as Brand from "effect/Brand"
import * as Data from "effect/Data"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import { formatMicroTime, parseMicroTime } from "./internal/base/rfc3339.js"
import { withUnknownFields } from "./internal/http/unknownFields.js"

/**
 * Where a Lease is: its namespace and its name.
 *
 * @since 0.1.0
 * @category models
 */
export interface LeaseRef {
  readonly namespace: string
  readonly name: string
}

/**
 * Microseconds since 1970-01-01T00:00:00Z: the precision of Kubernetes's `MicroTime`.
 *
 * @since 0.1.0
 * @category models
 */
export type MicroTime = bigint & Brand.Brand<"kubernetes-lease/MicroTime">

/**
 * @since 0.1.0
 * @category constructors
 */
export const MicroTime = Brand.nominal<MicroTime>()

/**
 * The moment of a wall clock reading in milliseconds since 1970.
 *
 * @since 0.1.0
 * @category constructors
 */
export const microTimeFromMillis = (millis: number): MicroTime => MicroTime(BigInt(Math.floor(millis * 1000)))

/**
 * Whole and fractional milliseconds since 1970.
 *
 * @since 0.1.0
 * @category conversions
 */
export const microTimeToMillis = (time: MicroTime): number => Number(time) / 1000

/**
 * `MicroTime` on the wire. Writes exactly six fraction digits in UTC, for API servers refuse any other count in a
 * write; reads any RFC 3339 date-time, of which digits beyond the sixth are dropped.
 *
 * @since 0.1.0
 * @category schemas
 */
export const MicroTimeFromString: Schema.Schema<MicroTime, string> = Schema.transformOrFail(
  Schema.String,
  Schema.declare((u: unknown): u is MicroTime => typeof u === "bigint", { identifier: "MicroTime" }),
  {
    strict: true,
    decode: (text, _, ast) => {
      const micros = parseMicroTime(text)
      return micros === undefined
        ? ParseResult.fail(new ParseResult.Type(ast, text, "not an RFC 3339 date-time"))
        : ParseResult.succeed(MicroTime(micros))
    },
    encode: (micros, _, ast) => {
      const text = formatMicroTime(micros)
      return text === undefined
        ? ParseResult.fail(new ParseResult.Type(ast, micros, "outside the years 0000 to 9999 of RFC 3339"))
        : ParseResult.succeed(text)
    }
  }
)

/**
 * The part of a Lease that says who holds it.
 *
 * @see https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/lease-v1/
 * @since 0.1.0
 * @category models
 */
export interface LeaseSpec {
  /** The owner; absent or empty: nobody holds the Lease. */
  readonly holderIdentity?: string | undefined
  /** Seconds that others wait after they saw the record change; whole and at least 1. */
  readonly leaseDurationSeconds?: number | undefined
  readonly acquireTime?: MicroTime | undefined
  readonly renewTime?: MicroTime | undefined
  /** How often the Lease has gone from one term to the next. */
  readonly leaseTransitions?: number | undefined
}

/**
 * What a create sends.
 *
 * @since 0.1.0
 * @category models
 */
export interface LeaseDraft {
  readonly metadata: LeaseRef & { readonly labels?: Readonly<Record<string, string>> | undefined }
  readonly spec: LeaseSpec
}

/**
 * A Lease as an API server shows it. Fields that the server sends beside these survive decoding and encoding.
 *
 * @since 0.1.0
 * @category models
 */
export interface LeaseObject {
  readonly metadata: LeaseRef & {
    /** Changes when a Lease is deleted and created anew. Every API server sets it. */
    readonly uid?: string | undefined
    /** Grows with every write in the whole cluster. */
    readonly resourceVersion: string
    /** By the server's clock, in whole seconds. Every API server sets it. */
    readonly creationTimestamp?: string | undefined
    /** Set while finalizers hold up a delete. */
    readonly deletionTimestamp?: string | undefined
    /** Who wrote which field when, by the server's clock. */
    readonly managedFields?: ReadonlyArray<unknown> | undefined
  }
  readonly spec?: LeaseSpec | undefined
}

/**
 * An answer with its own HTTP `Date`, in milliseconds since 1970. Any proxy may have written that, so nothing is decided
 * by it. A mock may answer with a bare `LeaseObject`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Observed extends LeaseObject {
  readonly serverDateMillis?: number | undefined
}

/**
 * The answer to a dry run.
 *
 * @since 0.1.0
 * @category models
 */
export interface Dated extends Observed {
  /**
   * The API server's present as it stands in the answer's body, where no proxy writes: the `time` of the `managedFields`
   * entry of the dry run's own manager. Whole seconds, rounded down, in milliseconds since 1970. `undefined` where the
   * answer does not tell it.
   */
  readonly serverTimeMillis?: number | undefined
}

/**
 * The Kubernetes version of an API server.
 *
 * @since 0.1.0
 * @category models
 */
export interface ServerVersion {
  readonly major: number
  readonly minor: number
}

/**
 * A JSON merge patch: `null` removes a field, an absent one stays. With the `resourceVersion` of the record that it is
 * meant for, the server answers `Conflict` if the record has changed since.
 *
 * @since 0.1.0
 * @category models
 */
export interface LeasePatch {
  readonly resourceVersion: string
  readonly spec: { readonly [K in keyof LeaseSpec]?: LeaseSpec[K] | null }
}

/**
 * The one version of the one object that a delete may remove.
 *
 * @since 0.1.0
 * @category models
 */
export interface Preconditions {
  readonly uid: string
  readonly resourceVersion: string
}

/**
 * What a watch shows.
 *
 * @since 0.1.0
 * @category models
 */
export type WatchEvent = Data.TaggedEnum<{
  Present: { readonly lease: LeaseObject }
  Deleted: { readonly lease: LeaseObject }
  Bookmark: { readonly resourceVersion: string }
}>

/**
 * @since 0.1.0
 * @category constructors
 */
export const WatchEvent = Data.taggedEnum<WatchEvent>()

const apiVersion = "coordination.k8s.io/v1"
const kind = "Lease"

/** Servers send `null` for what Go leaves empty. */
const absentIfNull = <A, I>(schema: Schema.Schema<A, I>) => Schema.optionalWith(schema, { nullable: true })

const Spec = withUnknownFields(Schema.Struct({
  holderIdentity: absentIfNull(Schema.String),
  leaseDurationSeconds: absentIfNull(Schema.Int),
  acquireTime: absentIfNull(MicroTimeFromString),
  renewTime: absentIfNull(MicroTimeFromString),
  leaseTransitions: absentIfNull(Schema.Int)
}))

const Metadata = withUnknownFields(Schema.Struct({
  namespace: Schema.NonEmptyString,
  name: Schema.NonEmptyString,
  uid: absentIfNull(Schema.String),
  resourceVersion: Schema.NonEmptyString,
  creationTimestamp: absentIfNull(Schema.String),
  deletionTimestamp: absentIfNull(Schema.String),
  managedFields: absentIfNull(Schema.Array(Schema.Unknown))
}))

/**
 * The Lease resource as JSON. Takes what servers send (unknown fields, no spec, any fraction of a second) and refuses
 * what is no Lease. Unknown fields round-trip.
 *
 * @since 0.1.0
 * @category schemas
 */
export const LeaseResource = withUnknownFields(Schema.Struct({
  apiVersion: Schema.Literal(apiVersion),
  kind: Schema.Literal(kind),
  metadata: Metadata,
  spec: absentIfNull(Spec)
}))

const encodeSpec = Schema.encodeSync(Spec)

/**
 * The body of a create.
 *
 * @throws ParseError if a time lies outside the years 0000 to 9999
 * @since 0.1.0
 * @category conversions
 */
export const draftToJson = (draft: LeaseDraft): unknown => ({
  apiVersion,
  kind,
  metadata: draft.metadata,
  spec: encodeSpec(draft.spec)
})

/**
 * The body of a merge patch.
 *
 * @throws ParseError if a time lies outside the years 0000 to 9999
 * @since 0.1.0
 * @category conversions
 */
export const patchToJson = (patch: LeasePatch): unknown => {
  const removed = Object.entries(patch.spec).filter(([, value]) => value === null)
  const written = Object.entries(patch.spec).filter(([, value]) => value !== null && value !== undefined)
  return {
    metadata: { resourceVersion: patch.resourceVersion },
    spec: { ...encodeSpec(Object.fromEntries(written)), ...Object.fromEntries(removed) }
  }
}
