import * as Arr from "effect/Array"
import * as Order from "effect/Order"
import type { Json, JsonObject } from "./json.js"
import { fieldOf, isJsonArray, isJsonObject } from "./json.js"
import type { LeaseBody } from "./storedLease.js"

/** Paths of fields, each a chain of `fieldsV1` keys such as `f:spec`, `f:renewTime`. */
export type FieldSet = ReadonlySet<string>

/** What a manager can own in a Lease, with the value that tells a change. */
export type OwnableFields = ReadonlyMap<string, string>

// No key of a label or an annotation can hold it.
const separator = "\n"

// Lists and maps are owned item by item, under the list or map itself, whose own key this is.
const itself = "."

const scalarMetadata = ["generateName"]
const mapMetadata = ["labels", "annotations"]

export const ownableFields = ({ metadata, spec }: LeaseBody): OwnableFields => {
  const fields = new Map<string, string>()
  const own = (value: Json, ...path: ReadonlyArray<string>) => fields.set(path.join(separator), JSON.stringify(value))
  for (const field of scalarMetadata) {
    const value = metadata[field]
    if (value !== undefined) {
      own(value, "f:metadata", `f:${field}`)
    }
  }
  for (const field of mapMetadata) {
    const value = metadata[field]
    if (isJsonObject(value)) {
      own(null, "f:metadata", `f:${field}`, itself)
      for (const [key, item] of Object.entries(value)) {
        own(item, "f:metadata", `f:${field}`, `f:${key}`)
      }
    }
  }
  const finalizers = metadata["finalizers"]
  if (isJsonArray(finalizers)) {
    own(null, "f:metadata", "f:finalizers", itself)
    for (const finalizer of finalizers) {
      own(null, "f:metadata", "f:finalizers", `v:${JSON.stringify(finalizer)}`)
    }
  }
  const owners = metadata["ownerReferences"]
  if (isJsonArray(owners)) {
    own(null, "f:metadata", "f:ownerReferences", itself)
    for (const owner of owners.filter(isJsonObject)) {
      own(owner, "f:metadata", "f:ownerReferences", `k:${JSON.stringify({ uid: owner["uid"] ?? "" })}`)
    }
  }
  for (const [field, value] of Object.entries(spec)) {
    own(value, "f:spec", `f:${field}`)
  }
  return fields
}

/** `fieldsV1` as a set of paths. */
export const fieldSetFromJson = (json: Json | undefined): FieldSet => {
  const paths = new Set<string>()
  const visit = (node: JsonObject, path: ReadonlyArray<string>) => {
    for (const [key, inner] of Object.entries(node)) {
      const here = [...path, key]
      if (isJsonObject(inner) && Object.keys(inner).length > 0) {
        visit(inner, here)
      } else {
        paths.add(here.join(separator))
      }
    }
  }
  if (isJsonObject(json)) {
    visit(json, [])
  }
  return paths
}

/** A set of paths as `fieldsV1`. */
export const fieldSetToJson = (paths: FieldSet): JsonObject => {
  // A forged `fieldsV1` can have any key, `__proto__` too.
  const root: Node = new Map()
  for (const path of Arr.sort(paths, Order.string)) {
    let node = root
    for (const key of path.split(separator)) {
      const inner = node.get(key) ?? new Map()
      node.set(key, inner)
      node = inner
    }
  }
  return nodeToJson(root)
}

interface Node extends Map<string, Node> {}

const nodeToJson = (node: Node): JsonObject =>
  Object.fromEntries([...node].map(([key, inner]) => [key, nodeToJson(inner)]))

/** A Lease without one field. Items of lists stay. */
export const withoutPath = (lease: Json, path: string): Json => {
  const remove = (json: Json, [key, ...rest]: ReadonlyArray<string>): Json => {
    const field = key?.replace(/^f:/, "")
    if (field === undefined || field === key || !isJsonObject(json)) {
      return json
    }
    const { [field]: _, ...others } = json
    const removed = fieldOf(json, field)
    return removed === undefined ? json : rest.length === 0 ? others : { ...others, [field]: remove(removed, rest) }
  }
  return remove(lease, path.split(separator))
}

/** As errors name a field: `.spec.renewTime`. */
export const fieldPath = (path: string): string => path.split(separator).map((key) => key.replace(/^f:/, ".")).join("")

export const union = (a: FieldSet, b: FieldSet): FieldSet => new Set([...a, ...b])

export const without = (a: FieldSet, ...removed: ReadonlyArray<FieldSet>): FieldSet =>
  new Set([...a].filter((path) => !removed.some((paths) => paths.has(path))))

export const equalSets = (a: FieldSet, b: FieldSet): boolean => a.size === b.size && [...a].every((path) => b.has(path))
