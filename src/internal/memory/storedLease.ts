import * as Either from "effect/Either"
import { parseGoMicroTime, parseGoTime } from "./goTime.js"
import type { Json, JsonArray, JsonObject } from "./json.js"
import { at, goTypeOf, isJsonArray, isJsonObject, sorted } from "./json.js"

export const apiVersion = "coordination.k8s.io/v1"
export const group = "coordination.k8s.io"
export const kind = "Lease"
export const resource = "leases"

/** The metadata that servers do something with; whatever else there is, they keep. */
export type Metadata = JsonObject & {
  readonly name: string
  readonly namespace: string
  readonly uid: string
  readonly resourceVersion: string
  readonly creationTimestamp: string
}

/** A Lease as it lies in the store and goes over the wire. */
export type StoredLease = JsonObject & {
  readonly metadata: Metadata
  readonly spec: JsonObject
}

/** A body that reads as a Lease. The metadata may lack anything. */
export interface LeaseBody {
  readonly metadata: JsonObject
  readonly spec: JsonObject
}

export const storedLease = (metadata: Metadata, spec: JsonObject): StoredLease => ({
  kind,
  apiVersion,
  metadata: inOrder(metadata),
  spec
})

/** What a server keeps beside the fields that every server does. */
export interface KeptFields {
  /** `spec.strategy` */
  readonly strategy: boolean
  /** Whatever else there is. */
  readonly unknown: boolean
}

/**
 * Reads a Lease as Go's decoder does: `null` counts as absent, times are brought to UTC, unknown fields are dropped
 * unless they are to be kept. Fails with Go's complaint.
 */
export const decodeLease = (json: JsonObject, kept: KeptFields): Either.Either<LeaseBody, string> =>
  Either.gen(function*() {
    const decode = decodeObject(kept.unknown)
    const metadata = yield* decode(json["metadata"], metadataFields, "ObjectMeta.metadata")
    const spec = yield* decode(json["spec"], kept.strategy ? specFieldsWithStrategy : specFields, "LeaseSpec.spec")
    return { metadata, spec }
  })

export const finalizersOf = (metadata: JsonObject): ReadonlyArray<string> => stringsOf(metadata["finalizers"])

export const isBeingDeleted = (lease: StoredLease): boolean => at(lease.metadata, "deletionTimestamp") !== undefined

/** `undefined`: as if the field were not there. */
type Decoded = Either.Either<Json | undefined, string>
type Decoder = (value: Json, field: string) => Decoded

const unexpected = (value: Json, field: string, type: string): Decoded =>
  Either.left(`json: cannot unmarshal ${goTypeOf(value)} into Go struct field ${field} of type ${type}`)

const string: Decoder = (value, field) =>
  typeof value === "string" ? Either.right(value) : unexpected(value, field, "string")

/** Go leaves out an empty string of a field that is no pointer. */
const omittedIfEmpty: Decoder = (value, field) =>
  Either.map(string(value, field), (text) => text === "" ? undefined : text)

const integer = (type: string, limit: number): Decoder => (value, field) =>
  typeof value !== "number"
    ? unexpected(value, field, type)
    : Number.isInteger(value) && value >= -limit && value < limit
    ? Either.right(value)
    : Either.left(`json: cannot unmarshal number ${value} into Go struct field ${field} of type ${type}`)
const int32 = integer("int32", 2 ** 31)
const int64 = integer("int64", Number.MAX_SAFE_INTEGER)

const text = (parse: (text: string) => Decoded): Decoder => (value, field) =>
  typeof value === "string" ? parse(value) : unexpected(value, field, "string")

/** Go writes the time that it takes for none, the first of the year 1, as `null`. */
const microTime = text((time) =>
  Either.map(parseGoMicroTime(time), (stored) => stored === "0001-01-01T00:00:00.000000Z" ? null : stored)
)

const stringMap: Decoder = (value, field) => {
  if (!isJsonObject(value)) {
    return unexpected(value, field, "map[string]string")
  }
  // Go reads a null among strings as "".
  const entries = Object.entries(value).map(([key, item]): [string, Json] => [key, item ?? ""])
  const wrong = entries.find(([, item]) => typeof item !== "string")
  return wrong === undefined
    ? Either.right(entries.length === 0 ? undefined : sorted(Object.fromEntries(entries)))
    : unexpected(wrong[1], field, "string")
}

const list = (type: string, isItem: (item: Json) => boolean): Decoder => (value, field) => {
  if (!isJsonArray(value)) {
    return unexpected(value, field, `[]${type}`)
  }
  const wrong = value.find((item) => !isItem(item))
  return wrong === undefined ? Either.right(value.length === 0 ? undefined : value) : unexpected(wrong, field, type)
}

type Fields = ReadonlyMap<string, Decoder>

const metadataFields: Fields = new Map([
  ["name", omittedIfEmpty],
  ["generateName", omittedIfEmpty],
  ["namespace", omittedIfEmpty],
  ["uid", omittedIfEmpty],
  ["resourceVersion", omittedIfEmpty],
  ["creationTimestamp", text(parseGoTime)],
  ["deletionTimestamp", text(parseGoTime)],
  ["deletionGracePeriodSeconds", int64],
  ["labels", stringMap],
  ["annotations", stringMap],
  ["ownerReferences", list("v1.OwnerReference", isJsonObject)],
  ["finalizers", list("string", (item) => typeof item === "string")],
  ["managedFields", list("v1.ManagedFieldsEntry", isJsonObject)]
])

const specFields: Fields = new Map([
  ["holderIdentity", string],
  ["leaseDurationSeconds", int32],
  ["acquireTime", microTime],
  ["renewTime", microTime],
  ["leaseTransitions", int32]
])
const specFieldsWithStrategy: Fields = new Map([...specFields, ["strategy", string]])

const decodeObject =
  (keepUnknownFields: boolean) =>
  (json: Json | undefined, fields: Fields, path: string): Either.Either<JsonObject, string> => {
    if (json === undefined || json === null) {
      return Either.right({})
    }
    if (!isJsonObject(json)) {
      return Either.left(
        `json: cannot unmarshal ${goTypeOf(json)} into Go struct field Lease.${path.replace(/^.*\./, "")} ` +
          `of type v1.${path.replace(/\..*$/, "")}`
      )
    }
    const decoded: Array<[string, Json]> = []
    for (const [field, decoder] of fields) {
      const value = json[field]
      if (value !== undefined && value !== null) {
        const result = decoder(value, `${path}.${field}`)
        if (Either.isLeft(result)) {
          return Either.left(result.left)
        }
        if (result.right !== undefined) {
          decoded.push([field, result.right])
        }
      }
    }
    if (keepUnknownFields) {
      decoded.push(...Object.entries(json).filter(([field, value]) => !fields.has(field) && value !== null))
    }
    return Either.right(Object.fromEntries(decoded))
  }

const inOrder = (metadata: Metadata): Metadata => {
  const ordered: { [field: string]: Json } = {}
  for (const field of metadataFields.keys()) {
    const value = at(metadata, field)
    if (value !== undefined) {
      ordered[field] = value
    }
  }
  return { ...ordered, ...metadata }
}

const stringsOf = (json: Json | undefined): ReadonlyArray<string> => isJsonArray(json) ? stringsIn(json) : []

const stringsIn = (items: JsonArray): ReadonlyArray<string> =>
  items.filter((item): item is string => typeof item === "string")
