import * as Arr from "effect/Array"
import * as Order from "effect/Order"
import type { FieldSet } from "./fieldSet.js"
import { equalSets, fieldSetFromJson, fieldSetToJson, ownableFields, union, without } from "./fieldSet.js"
import type { Json, JsonArray, JsonObject } from "./json.js"
import { isJsonArray, isJsonObject } from "./json.js"
import type { LeaseBody } from "./storedLease.js"
import { apiVersion } from "./storedLease.js"

/**
 * When an entry's `time` moves: at every change by its manager (servers since 1.25), or only when the set of fields
 * that the manager owns changes (before).
 */
export type ManagedFieldsTime = "everyChange" | "ownershipChange"

export interface Write {
  readonly manager: string
  /** The server's time as a `Time`. */
  readonly time: string
  readonly moves: ManagedFieldsTime
}

/** One entry of `metadata.managedFields`. */
interface Entry {
  readonly manager: string
  readonly operation: string
  readonly apiVersion: string
  readonly time: string | undefined
  readonly subresource: string | undefined
  readonly fields: FieldSet
}

/** Who owns what after a write by POST, PUT or PATCH. `undefined`: nobody is tracked. */
export const afterUpdate = (
  before: LeaseBody | undefined,
  after: LeaseBody,
  write: Write
): JsonArray | undefined => {
  const asked = entriesOf(after.metadata)
  if (asked.length === 1 && asked[0]?.manager === "") {
    // `managedFields: [{}]` takes the tracking away.
    return undefined
  }
  const present = asked.length > 0 ? asked : before === undefined ? [] : entriesOf(before.metadata)
  if (before !== undefined && present.length === 0) {
    // An object that is not tracked stays so until a server-side apply.
    return undefined
  }
  const { removed, taken } = changes(before, after)
  const isWriter = (entry: Entry) => entry.manager === write.manager && entry.operation === "Update"
  const mine = present.find(isWriter)
  const owned = without(union(mine?.fields ?? new Set(), taken), removed)
  const moved = write.moves === "everyChange"
    ? taken.size > 0
    : mine === undefined || !equalSets(owned, mine.fields)
  const entries = [
    ...present.filter((entry) => !isWriter(entry)).map((entry) =>
      withFields(entry, without(entry.fields, taken, removed))
    ),
    {
      manager: write.manager,
      operation: "Update",
      apiVersion,
      time: moved ? write.time : mine?.time,
      subresource: undefined,
      fields: owned
    }
  ]
  return toJson(withinLimit(entries.filter((entry) => entry.fields.size > 0)))
}

/** Who owns what after a server-side apply of `applied`, which has made `after` of `before`. */
export const afterApply = (
  before: LeaseBody | undefined,
  after: LeaseBody,
  applied: FieldSet,
  write: Write
): JsonArray | undefined => {
  const present = before === undefined ? [] : entriesOf(before.metadata)
  const { removed, taken } = changes(before, after)
  const isWriter = (entry: Entry) => entry.manager === write.manager && entry.operation === "Apply"
  const mine = present.find(isWriter)
  // Since 1.25 an apply that changes no value makes an owner without a time.
  const moved = taken.size > 0 || removed.size > 0 ||
    (write.moves === "ownershipChange" && !equalSets(applied, mine?.fields ?? new Set()))
  return toJson([
    ...present.filter((entry) => !isWriter(entry)).map((entry) =>
      withFields(entry, without(entry.fields, taken, removed))
    ),
    {
      manager: write.manager,
      operation: "Apply",
      apiVersion,
      time: moved ? write.time : mine?.time,
      subresource: undefined,
      fields: applied
    }
  ].filter((entry) => entry.fields.size > 0))
}

/** The same but for times: what makes no write of its own. */
export const equalOwners = (a: Json | undefined, b: Json | undefined): boolean => untimed(a) === untimed(b)

/** Which managers other than this applier own which of these fields. */
export const ownersOf = (
  lease: LeaseBody,
  fields: FieldSet,
  applier: string
): ReadonlyArray<readonly [string, string]> =>
  entriesOf(lease.metadata)
    .filter(({ manager, operation }) => manager !== applier || operation !== "Apply")
    .flatMap((entry) =>
      [...fields].filter((path) => entry.fields.has(path)).map((path) => [entry.manager, path] as const)
    )

/** The fields that this manager has applied so far. */
export const appliedBy = (lease: LeaseBody, applier: string): FieldSet =>
  entriesOf(lease.metadata).find(({ manager, operation }) => manager === applier && operation === "Apply")?.fields ??
    new Set()

const changes = (before: LeaseBody | undefined, after: LeaseBody) => {
  const old = before === undefined ? new Map<string, string>() : ownableFields(before)
  const now = ownableFields(after)
  return {
    taken: new Set([...now].filter(([path, value]) => old.get(path) !== value).map(([path]) => path)),
    removed: new Set([...old.keys()].filter((path) => !now.has(path)))
  }
}

const mostUpdaters = 10

/** Beyond ten updaters the oldest are thrown together, under the later time. */
const withinLimit = (entries: ReadonlyArray<Entry>): ReadonlyArray<Entry> => {
  const updaters = Arr.sort(entries.filter(({ operation }) => operation === "Update"), byTime)
  const [oldest, second] = updaters
  if (updaters.length <= mostUpdaters || oldest === undefined || second === undefined) {
    return entries
  }
  return withinLimit([
    ...entries.filter((entry) => entry !== oldest && entry !== second),
    {
      manager: "ancient-changes",
      operation: "Update",
      apiVersion,
      time: second.time,
      subresource: undefined,
      fields: union(oldest.fields, second.fields)
    }
  ])
}

const byTime: Order.Order<Entry> = Order.combine(
  Order.mapInput(Order.string, (entry: Entry) => entry.time ?? ""),
  Order.mapInput(Order.string, (entry: Entry) => entry.manager)
)

/** Appliers first, then by time, then by name, as servers list them. */
const asListed: Order.Order<Entry> = Order.combine(
  Order.mapInput(Order.string, (entry: Entry) => entry.operation),
  byTime
)

const withFields = (entry: Entry, fields: FieldSet): Entry => ({ ...entry, fields })

const untimed = (managedFields: Json | undefined): string =>
  JSON.stringify(
    entriesIn(managedFields).map(({ fields, manager, operation }) => [
      manager,
      operation,
      fieldSetToJson(fields)
    ])
  )

const entriesOf = (metadata: JsonObject): ReadonlyArray<Entry> => entriesIn(metadata["managedFields"])

const entriesIn = (json: Json | undefined): ReadonlyArray<Entry> =>
  isJsonArray(json) ? json.filter(isJsonObject).map(fromJson) : []

const fromJson = (json: JsonObject): Entry => ({
  manager: textOf(json["manager"]) ?? "",
  operation: textOf(json["operation"]) ?? "",
  apiVersion: textOf(json["apiVersion"]) ?? "",
  time: textOf(json["time"]),
  subresource: textOf(json["subresource"]),
  fields: fieldSetFromJson(json["fieldsV1"])
})

const textOf = (json: Json | undefined): string | undefined => typeof json === "string" ? json : undefined

const toJson = (entries: ReadonlyArray<Entry>): JsonArray | undefined =>
  entries.length === 0 ? undefined : Arr.sort(entries, asListed).map(entryToJson)

const entryToJson = (entry: Entry): JsonObject => ({
  manager: entry.manager,
  operation: entry.operation,
  apiVersion: entry.apiVersion,
  ...(entry.time === undefined ? {} : { time: entry.time }),
  fieldsType: "FieldsV1",
  fieldsV1: fieldSetToJson(entry.fields),
  ...(entry.subresource === undefined ? {} : { subresource: entry.subresource })
})
