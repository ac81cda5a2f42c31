import * as Either from "effect/Either"
import type { FieldSet } from "./fieldSet.js"
import { ownableFields, without, withoutPath } from "./fieldSet.js"
import type { Json } from "./json.js"
import { at, isJsonObject } from "./json.js"
import * as ManagedFields from "./managedFields.js"
import { mergePatch } from "./mergePatch.js"
import type { Answer } from "./status.js"
import * as Status from "./status.js"
import type { LeaseBody, StoredLease } from "./storedLease.js"
import { decodeLease, finalizersOf } from "./storedLease.js"
import type { WriteContext } from "./writes.js"
import { answered, createLease, sameRef, updateLease } from "./writes.js"

/** A PATCH of type apply: the fields that a manager wants, of a Lease that is made if need be. */
export const apply = (
  context: WriteContext,
  namespace: string,
  name: string,
  body: Json,
  force: boolean
): Answer =>
  Either.merge(Either.gen(function*() {
    const wanted = yield* readApplied(context, body)
    yield* sameRef(namespace, name, wanted)
    const fields = new Set(ownableFields(wanted).keys())
    const owners = (before: LeaseBody | undefined, after: LeaseBody, write: ManagedFields.Write) =>
      ManagedFields.afterApply(before, after, fields, write)
    const stored = context.store.get(namespace, name)
    if (stored === undefined) {
      return answered(201, createLease(context, namespace, wanted, owners))
    }
    const conflicts = force ? [] : conflictsOf(stored, wanted, context.fieldManager)
    if (conflicts.length > 0) {
      return Status.applyConflict(conflicts)
    }
    return answered(200, updateLease(context, stored, merged(stored, wanted, fields, context.fieldManager), owners))
  }))

const readApplied = (context: WriteContext, body: Json): Either.Either<LeaseBody, Answer> =>
  isJsonObject(body)
    ? Either.mapLeft(decodeLease(body, context.keptFields), Status.undecodable)
    : Either.left(Status.badRequest("error decoding YAML"))

/** Fields that another manager owns and that are to change. */
const conflictsOf = (stored: StoredLease, wanted: LeaseBody, manager: string) => {
  const present = ownableFields(stored)
  const changed = new Set(
    [...ownableFields(wanted)].filter(([path, value]) => present.get(path) !== value).map(([path]) => path)
  )
  return ManagedFields.ownersOf(stored, changed, manager)
}

/** The stored Lease with what is wanted, and without what this manager has wanted before and wants no more. */
const merged = (stored: StoredLease, wanted: LeaseBody, fields: FieldSet, manager: string): LeaseBody => {
  const given = without(ManagedFields.appliedBy(stored, manager), fields)
  const kept = new Set(ManagedFields.ownersOf(stored, given, manager).map(([, path]) => path))
  const finalizers = [...new Set([...finalizersOf(stored.metadata), ...finalizersOf(wanted.metadata)])]
  const target = [...without(given, kept)].reduce<Json>(withoutPath, {
    metadata: stored.metadata,
    spec: stored.spec
  })
  const result = mergePatch(target, {
    metadata: { ...wanted.metadata, ...(finalizers.length === 0 ? {} : { finalizers }) },
    spec: wanted.spec
  })
  return { metadata: objectAt(result, "metadata"), spec: objectAt(result, "spec") }
}

const objectAt = (json: Json, field: string) => {
  const inner = at(json, field)
  return isJsonObject(inner) ? inner : {}
}
