import * as Either from "effect/Either"
import { goTime } from "./goTime.js"
import type { Json, JsonObject } from "./json.js"
import { at, isJsonObject, jsonEquals } from "./json.js"
import type { LeaseStore } from "./leaseStore.js"
import type { ManagedFieldsTime } from "./managedFields.js"
import * as ManagedFields from "./managedFields.js"
import type { Answer } from "./status.js"
import * as Status from "./status.js"
import type { KeptFields, LeaseBody, Metadata, StoredLease } from "./storedLease.js"
import { apiVersion, decodeLease, finalizersOf, isBeingDeleted, kind, storedLease } from "./storedLease.js"
import { validateNew, validateUpdate } from "./validation.js"

/** What a write needs besides its body. */
export interface WriteContext {
  readonly store: LeaseStore
  readonly namespaceExists: (namespace: string) => boolean
  readonly nowMillis: number
  readonly uid: () => string
  readonly fieldManager: string
  readonly managedFieldsTime: ManagedFieldsTime
  readonly keptFields: KeptFields
  /** Decide and answer, but change nothing. */
  readonly dryRun: boolean
}

type Result<A> = Either.Either<A, Answer>

export const create = (context: WriteContext, namespace: string, body: Json | undefined): Answer =>
  answered(201, Either.flatMap(readBody(context, body), (lease) => createLease(context, namespace, lease)))

/** PUT: of a Lease that is not there it makes one, unless the body names a uid. */
export const replace = (context: WriteContext, namespace: string, name: string, body: Json | undefined): Answer =>
  Either.merge(Either.gen(function*() {
    const lease = yield* readBody(context, body)
    yield* sameRef(namespace, name, lease)
    const stored = context.store.get(namespace, name)
    const uid = at(lease.metadata, "uid")
    if (uid !== undefined && uid !== stored?.metadata.uid) {
      return Status.foreignUid(namespace, name, String(uid), stored?.metadata.uid ?? "")
    }
    if (stored === undefined) {
      const metadata = withoutFields(lease.metadata, "resourceVersion")
      return answered(201, createLease(context, namespace, { ...lease, metadata }))
    }
    return answered(200, updateLease(context, stored, lease, ManagedFields.afterUpdate))
  }))

/** PATCH: `apply` makes the new object from the stored one. */
export const patch = (
  context: WriteContext,
  namespace: string,
  name: string,
  apply: (stored: StoredLease) => Result<Json>
): Answer =>
  Either.merge(Either.gen(function*() {
    const stored = context.store.get(namespace, name)
    if (stored === undefined) {
      return Status.notFound(name)
    }
    const patched = yield* apply(stored)
    const lease = yield* readPatched(context, patched)
    yield* sameRef(namespace, name, lease)
    return answered(200, updateLease(context, stored, lease, ManagedFields.afterUpdate))
  }))

/** DELETE: with finalizers only a mark, as the answer with the Lease instead of a `Status` tells. */
export const remove = (context: WriteContext, namespace: string, name: string, options: Json | undefined): Answer => {
  const stored = context.store.get(namespace, name)
  if (stored === undefined) {
    return Status.notFound(name)
  }
  if (isJsonObject(options) && (options["kind"] ?? "DeleteOptions") !== "DeleteOptions") {
    return Status.badRequest(`no kind "${String(options["kind"])}" is registered for DeleteOptions`)
  }
  const { resourceVersion, uid } = stored.metadata
  const [askedUid, askedVersion] = [
    at(options, "preconditions", "uid"),
    at(options, "preconditions", "resourceVersion")
  ]
  if (typeof askedUid === "string" && askedUid !== uid) {
    return Status.preconditionFailed(
      name,
      `the UID in the precondition (${askedUid}) does not match the UID in record (${uid}). ` +
        `The object might have been deleted and then recreated`
    )
  }
  if (typeof askedVersion === "string" && askedVersion !== resourceVersion) {
    return Status.preconditionFailed(
      name,
      `the ResourceVersion in the precondition (${askedVersion}) does not match the ResourceVersion in record ` +
        `(${resourceVersion}). The object might have been modified`
    )
  }
  if (finalizersOf(stored.metadata).length > 0) {
    return { status: 200, body: isBeingDeleted(stored) ? stored : commit(context, marked(context, stored)) }
  }
  if (!context.dryRun) {
    context.store.remove(stored)
  }
  return Status.deleted(name, uid)
}

/** The Lease that a write may make: decoded, or the 422 of a patch that spoils it. */
export const readPatched = (context: WriteContext, patched: Json): Result<LeaseBody> =>
  Either.mapLeft(
    !isJsonObject(patched)
      ? Either.left("json: cannot unmarshal into Go value of type v1.Lease")
      : patched["kind"] !== kind || patched["apiVersion"] !== apiVersion
      ? Either.left(`no kind "${String(patched["kind"])}" is registered for version "${String(patched["apiVersion"])}"`)
      : decodeLease(patched, context.keptFields),
    (complaint) => Status.patchInvalid(patched, complaint)
  )

export const createLease = (
  context: WriteContext,
  namespace: string,
  body: LeaseBody,
  owners: Owners = ManagedFields.afterUpdate
): Result<StoredLease> => {
  const { generateName, name: given, namespace: bodyNamespace } = body.metadata
  if (bodyNamespace !== undefined && bodyNamespace !== namespace) {
    return Either.left(
      Status.badRequest("the namespace of the provided object does not match the namespace sent on the request")
    )
  }
  if (!context.namespaceExists(namespace)) {
    return Either.left(Status.namespaceNotFound(namespace))
  }
  const uid = context.uid()
  const name = given ?? (typeof generateName === "string" ? `${generateName}${uid.slice(-5)}` : undefined)
  const named: LeaseBody = { ...body, metadata: { ...body.metadata, ...(name === undefined ? {} : { name }) } }
  const causes = validateNew(named)
  if (causes.length > 0 || typeof name !== "string") {
    return Either.left(Status.invalid(typeof name === "string" ? name : "", causes))
  }
  if (body.metadata["resourceVersion"] !== undefined) {
    return Either.left(Status.internalError("resourceVersion should not be set on objects to be created"))
  }
  if (context.store.get(namespace, name) !== undefined) {
    return Either.left(Status.alreadyExists(name))
  }
  const metadata: Metadata = {
    ...withoutFields(named.metadata, "deletionTimestamp", "deletionGracePeriodSeconds", "managedFields"),
    name,
    namespace,
    uid,
    resourceVersion: "",
    creationTimestamp: goTime(context.nowMillis)
  }
  return Either.right(commit(context, owned(metadata, body.spec, owners(undefined, named, writeOf(context)))))
}

/** What the managers own after a write. */
export type Owners = (
  before: LeaseBody | undefined,
  after: LeaseBody,
  write: ManagedFields.Write
) => Json | undefined

export const updateLease = (
  context: WriteContext,
  stored: StoredLease,
  body: LeaseBody,
  owners: Owners
): Result<StoredLease> => {
  const { name, namespace } = stored.metadata
  const { resourceVersion } = body.metadata
  if (resourceVersion === undefined || resourceVersion === "0") {
    return Either.left(Status.resourceVersionRequired(name))
  }
  if (!/^\d+$/.test(String(resourceVersion))) {
    return Either.left(
      Status.internalError(`strconv.ParseUint: parsing ${JSON.stringify(resourceVersion)}: invalid syntax`)
    )
  }
  if (resourceVersion !== stored.metadata.resourceVersion) {
    return Either.left(Status.modified(name))
  }
  const causes = validateUpdate(stored, body)
  if (causes.length > 0) {
    return Either.left(Status.invalid(name, causes))
  }
  const metadata: Metadata = {
    ...withoutFields(body.metadata, "deletionTimestamp", "deletionGracePeriodSeconds", "managedFields"),
    ...onlyFields(stored.metadata, "deletionTimestamp", "deletionGracePeriodSeconds"),
    name,
    namespace,
    uid: stored.metadata.uid,
    resourceVersion,
    creationTimestamp: stored.metadata.creationTimestamp
  }
  const updated = owned(metadata, body.spec, owners(stored, body, writeOf(context)))
  if (isBeingDeleted(stored) && finalizersOf(updated.metadata).length === 0) {
    if (!context.dryRun) {
      context.store.remove(stored)
    }
    return Either.right(updated)
  }
  return Either.right(isNoop(stored, updated) ? stored : commit(context, updated))
}

export const answered = (status: number, result: Result<StoredLease>): Answer =>
  Either.match(result, { onLeft: (answer) => answer, onRight: (body) => ({ status, body }) })

const commit = ({ dryRun, store }: WriteContext, lease: StoredLease): StoredLease => dryRun ? lease : store.write(lease)

const writeOf = ({ fieldManager, managedFieldsTime, nowMillis }: WriteContext): ManagedFields.Write => ({
  manager: fieldManager,
  time: goTime(nowMillis),
  moves: managedFieldsTime
})

const owned = (metadata: Metadata, spec: JsonObject, managedFields: Json | undefined): StoredLease =>
  storedLease(managedFields === undefined ? metadata : { ...metadata, managedFields }, spec)

const marked = ({ nowMillis }: WriteContext, { metadata, spec }: StoredLease): StoredLease =>
  storedLease({ ...metadata, deletionTimestamp: goTime(nowMillis), deletionGracePeriodSeconds: 0 }, spec)

const isNoop = (stored: StoredLease, updated: StoredLease): boolean =>
  jsonEquals(stored.spec, updated.spec) &&
  jsonEquals(withoutFields(stored.metadata, "managedFields"), withoutFields(updated.metadata, "managedFields")) &&
  ManagedFields.equalOwners(at(stored.metadata, "managedFields"), at(updated.metadata, "managedFields"))

/** The body of a POST or PUT. Go's decoder takes a body without kind and version for what the path says. */
const readBody = (context: WriteContext, body: Json | undefined): Result<LeaseBody> => {
  if (!isJsonObject(body)) {
    return Either.left(
      Status.badRequest("the object provided is unrecognized (must be of type Lease): couldn't get version/kind")
    )
  }
  const [bodyKind, bodyVersion] = [body["kind"] ?? kind, body["apiVersion"] ?? apiVersion]
  if (bodyKind !== kind || bodyVersion !== apiVersion) {
    return Either.left(
      Status.badRequest(
        `${String(bodyKind)} in version "${String(bodyVersion).replace(/^.*\//, "")}" cannot be handled as a Lease`
      )
    )
  }
  return Either.mapLeft(decodeLease(body, context.keptFields), Status.undecodable)
}

export const sameRef = (namespace: string, name: string, { metadata }: LeaseBody): Result<void> => {
  const [bodyName, bodyNamespace] = [metadata["name"] ?? "", metadata["namespace"] ?? namespace]
  return bodyName !== name
    ? Either.left(
      Status.badRequest(`the name of the object (${String(bodyName)}) does not match the name on the URL (${name})`)
    )
    : bodyNamespace !== namespace
    ? Either.left(Status.badRequest(
      `the namespace of the object (${
        String(bodyNamespace)
      }) does not match the namespace on the request (${namespace})`
    ))
    : Either.void
}

const withoutFields = (json: JsonObject, ...fields: ReadonlyArray<string>): JsonObject =>
  Object.fromEntries(Object.entries(json).filter(([field]) => !fields.includes(field)))

const onlyFields = (json: JsonObject, ...fields: ReadonlyArray<string>): JsonObject =>
  Object.fromEntries(Object.entries(json).filter(([field]) => fields.includes(field)))
