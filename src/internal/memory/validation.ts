import type { JsonObject } from "./json.js"
import { at, isJsonObject } from "./json.js"
import type { Cause } from "./status.js"
import type { LeaseBody, StoredLease } from "./storedLease.js"
import { finalizersOf, isBeingDeleted } from "./storedLease.js"

/** Every field of a new Lease that the server refuses. */
export const validateNew = ({ metadata, spec }: LeaseBody): ReadonlyArray<Cause> => [
  ...nameCauses(at(metadata, "name")),
  ...labelCauses(metadata),
  ...specCauses(spec)
]

/** Every field that the server refuses in what a Lease is to become. */
export const validateUpdate = (stored: StoredLease, { metadata, spec }: LeaseBody): ReadonlyArray<Cause> => {
  const uid = at(metadata, "uid")
  const added = isBeingDeleted(stored)
    ? finalizersOf(metadata).filter((finalizer) => !finalizersOf(stored.metadata).includes(finalizer))
    : []
  const changes = [
    ...(uid === undefined || uid === stored.metadata.uid
      ? []
      : [invalidValue("metadata.uid", uid, "field is immutable")]),
    ...(added.length === 0 ? [] : [newFinalizers(added)])
  ]
  const labels = labelCauses(metadata)
  // Servers check what an update changes in the metadata twice, and the labels a third time.
  return [...changes, ...labels, ...changes, ...labels, ...labels, ...specCauses(spec)]
}

const invalidValue = (field: string, value: unknown, why: string): Cause => ({
  reason: "FieldValueInvalid",
  message: `Invalid value: ${JSON.stringify(value)}: ${why}`,
  field
})

const newFinalizers = (added: ReadonlyArray<string>): Cause => ({
  reason: "FieldValueForbidden",
  message: "Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers " +
    `[]string{${added.map((finalizer) => JSON.stringify(finalizer)).join(", ")}}`,
  field: "metadata.finalizers"
})

const subdomain = "[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"
const subdomainPattern = new RegExp(`^${subdomain}$`)
const longestSubdomain = 253

const subdomainFaults = (name: string): ReadonlyArray<string> => [
  ...(name.length > longestSubdomain ? [`must be no more than ${longestSubdomain} characters`] : []),
  ...(subdomainPattern.test(name) ? [] : [
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start " +
    `and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '${subdomain}')`
  ])
]

const nameCauses = (name: unknown): ReadonlyArray<Cause> =>
  typeof name === "string"
    ? subdomainFaults(name).map((why) => invalidValue("metadata.name", name, why))
    : [{
      reason: "FieldValueRequired",
      message: "Required value: name or generateName is required",
      field: "metadata.name"
    }]

const qualifiedName = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
const qualifiedNamePattern = new RegExp(`^${qualifiedName}$`)
const labelValue = "(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?"
const labelValuePattern = new RegExp(`^${labelValue}$`)
const longestName = 63

const labelCauses = (metadata: JsonObject): ReadonlyArray<Cause> => {
  const labels = at(metadata, "labels")
  return isJsonObject(labels) ? Object.entries(labels).flatMap(([key, value]) => causesOfLabel(key, String(value))) : []
}

const causesOfLabel = (key: string, value: string): ReadonlyArray<Cause> => [
  ...keyFaults(key).map((why) => invalidValue("metadata.labels", key, why)),
  ...valueFaults(value).map((why) => invalidValue("metadata.labels", value, why))
]

const keyFaults = (key: string): ReadonlyArray<string> => {
  const slash = key.indexOf("/")
  const name = key.slice(slash + 1)
  return [
    ...(slash < 0 ? [] : prefixFaults(key.slice(0, slash))),
    ...(name.length > longestName ? [`name part must be no more than ${longestName} characters`] : []),
    ...(qualifiedNamePattern.test(name) ? [] : [
      "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an " +
      "alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is " +
      `'${qualifiedName}')`
    ])
  ]
}

const prefixFaults = (prefix: string) => subdomainFaults(prefix).map((why) => `prefix part ${why}`)

const valueFaults = (value: string): ReadonlyArray<string> => [
  ...(value.length > longestName ? [`must be no more than ${longestName} characters`] : []),
  ...(labelValuePattern.test(value) ? [] : [
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and " +
    "end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is " +
    `'${labelValue}')`
  ])
]

const specCauses = (spec: JsonObject): ReadonlyArray<Cause> => {
  const { leaseDurationSeconds, leaseTransitions } = spec
  return [
    ...(typeof leaseDurationSeconds === "number" && leaseDurationSeconds <= 0
      ? [invalidValue("spec.leaseDurationSeconds", leaseDurationSeconds, "must be greater than 0")]
      : []),
    ...(typeof leaseTransitions === "number" && leaseTransitions < 0
      ? [invalidValue("spec.leaseTransitions", leaseTransitions, "must be greater than or equal to 0")]
      : [])
  ]
}
