import { fieldPath } from "./fieldSet.js"
import type { Json, JsonObject } from "./json.js"
import { group, kind, resource } from "./storedLease.js"

/** What the server answers: an HTTP status and a JSON body, a Lease or a `metav1.Status`. */
export interface Answer {
  readonly status: number
  readonly body: JsonObject
}

export interface Cause {
  readonly reason: "FieldValueInvalid" | "FieldValueRequired" | "FieldValueForbidden"
  readonly message: string
  readonly field: string
}

interface Failed {
  readonly status: number
  readonly reason?: string | undefined
  readonly message: string
  readonly details?: JsonObject | undefined
}

/** A `metav1.Status` of a request that failed. */
export const failure = ({ details, message, reason, status }: Failed): Answer => ({
  status,
  body: {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message,
    ...(reason === undefined ? {} : { reason }),
    ...(details === undefined ? {} : { details }),
    code: status
  }
})

const leaseDetails = (name: string, kindOfDetails: string = resource): JsonObject => ({
  ...(name === "" ? {} : { name }),
  group,
  kind: kindOfDetails
})

export const notFound = (name: string): Answer =>
  failure({
    status: 404,
    reason: "NotFound",
    message: `${resource}.${group} "${name}" not found`,
    details: leaseDetails(name)
  })

export const namespaceNotFound = (namespace: string): Answer =>
  failure({
    status: 404,
    reason: "NotFound",
    message: `namespaces "${namespace}" not found`,
    details: { name: namespace, kind: "namespaces" }
  })

export const alreadyExists = (name: string): Answer =>
  failure({
    status: 409,
    reason: "AlreadyExists",
    message: `${resource}.${group} "${name}" already exists`,
    details: leaseDetails(name)
  })

/** A write against a resourceVersion that is no longer the present one. */
export const modified = (name: string): Answer =>
  failure({
    status: 409,
    reason: "Conflict",
    message: `Operation cannot be fulfilled on ${resource}.${group} "${name}": the object has been modified; ` +
      `please apply your changes to the latest version and try again`,
    details: leaseDetails(name)
  })

/** A PUT whose `metadata.uid` is not that of the stored object. */
export const foreignUid = (namespace: string, name: string, asked: string, stored: string): Answer =>
  failure({
    status: 409,
    reason: "Conflict",
    message:
      `Operation cannot be fulfilled on ${resource}.${group} "${name}": StorageError: invalid object, Code: 4, ` +
      `Key: /registry/leases/${namespace}/${name}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: ` +
      `UID in precondition: ${asked}, UID in object meta: ${stored}`,
    details: leaseDetails(name)
  })

/** A server-side apply of other values than fields have that other managers own. */
export const applyConflict = (conflicts: ReadonlyArray<readonly [manager: string, path: string]>): Answer =>
  failure({
    status: 409,
    reason: "Conflict",
    message: `Apply failed with ${conflicts.length} conflict${conflicts.length === 1 ? "" : "s"}: ` +
      conflicts.map(([manager, path]) => `conflict with "${manager}": ${fieldPath(path)}`).join(", "),
    details: {
      causes: conflicts.map(([manager, path]) => ({
        reason: "FieldManagerConflict",
        message: `conflict with "${manager}"`,
        field: fieldPath(path)
      }))
    }
  })

/** A DELETE whose `preconditions` do not hold. */
export const preconditionFailed = (name: string, why: string): Answer =>
  failure({
    status: 409,
    reason: "Conflict",
    message: `Operation cannot be fulfilled on ${kind}.${group} "${name}": ${why}`,
    details: leaseDetails(name, kind)
  })

const invalidOf = (qualifiedKind: string, name: string, details: JsonObject, causes: ReadonlyArray<Cause>): Answer => {
  const shown = [...new Set(causes.map(({ field, message }) => `${field}: ${message}`))]
  return failure({
    status: 422,
    reason: "Invalid",
    message: `${qualifiedKind} "${name}" is invalid: ${shown.length === 1 ? shown[0] : `[${shown.join(", ")}]`}`,
    details: { ...details, causes: causes.map(({ field, message, reason }) => ({ reason, message, field })) }
  })
}

export const invalid = (name: string, causes: ReadonlyArray<Cause>): Answer =>
  invalidOf(`${kind}.${group}`, name, leaseDetails(name, kind), causes)

/** A PUT or PATCH that takes the resourceVersion away. */
export const resourceVersionRequired = (name: string): Answer =>
  invalidOf(`${resource}.${group}`, name, leaseDetails(name), [{
    reason: "FieldValueInvalid",
    message: "Invalid value: 0x0: must be specified for an update",
    field: "metadata.resourceVersion"
  }])

/** A patch that makes of the Lease what does not read as one. */
export const patchInvalid = (patched: Json, complaint: string): Answer =>
  invalidOf("", "", {}, [{
    reason: "FieldValueInvalid",
    message: `Invalid value: ${JSON.stringify(JSON.stringify(patched))}: ${complaint}`,
    field: "patch"
  }])

/** A JSON patch whose `test` fails or whose path leads nowhere. */
export const patchRejected: Answer = failure({
  status: 422,
  reason: "Invalid",
  message: "the server rejected our request due to an error in our request",
  details: {}
})

export const badRequest = (message: string): Answer => failure({ status: 400, reason: "BadRequest", message })

export const undecodable = (complaint: string): Answer =>
  badRequest(`Lease in version "v1" cannot be handled as a Lease: ${complaint}`)

/** What the server has no better name for. */
export const internalError = (message: string): Answer => failure({ status: 500, message })

export const unsupportedPatchType: Answer = failure({
  status: 415,
  reason: "UnsupportedMediaType",
  message: "the body of the request was in an unknown format - accepted media types include: " +
    "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml",
  details: {}
})

/** A watch from a resourceVersion that the server no longer remembers. */
export const expired = (resourceVersion: string, oldest: string): Answer =>
  failure({
    status: 410,
    reason: "Expired",
    message: `too old resource version: ${resourceVersion} (${oldest})`
  })

/** A DELETE that removed the object. */
export const deleted = (name: string, uid: string): Answer => ({
  status: 200,
  body: {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Success",
    details: { name, group, kind: resource, uid }
  }
})
