import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { KubeApi } from "../../KubeApi.js"
import type { Conflict, Forbidden, Invalid, NotFound, Operation, RequestError, Unauthorized } from "../../KubeError.js"
import { Transient } from "../../KubeError.js"
import type { LeaseRef, Observed, Preconditions } from "../../LeaseObject.js"
import { draftToJson, LeaseResource, patchToJson, WatchEvent } from "../../LeaseObject.js"
import { cannot } from "../base/kubeCall.js"
import { anyLease, refOf } from "../base/refOf.js"
import { asTransient } from "../http/asTransient.js"
import { datedByDryRun, dryRunManager, dryRunPatch } from "../http/dryRun.js"
import type { FailureAnswer } from "../http/failure.js"
import { failureFromAnswer } from "../http/failure.js"
import type { ApiServer, DatedAnswer, LeaseRequest } from "./apiServer.js"
import { dated } from "./apiServer.js"
import type { Json, JsonObject } from "./json.js"
import { at, isJsonArray, isJsonObject } from "./json.js"
import type { LeaseJson } from "./memoryApi.js"
import type { Selector } from "./watchCache.js"
import { watchStream } from "./watchStream.js"

type AnswerError = Forbidden | Unauthorized | NotFound | Conflict | Invalid | Transient

/** The server as the service that the library asks. */
export const make = (server: ApiServer, fieldManager: string): KubeApi["Type"] => {
  const observe = (operation: Operation, ref: LeaseRef, request: LeaseRequest): Effect.Effect<Observed, AnswerError> =>
    Effect.flatMap(
      answerTo(server, operation, ref, request),
      ({ body, dateMillis }) =>
        Either.match(decodeLease(body), {
          onLeft: (error) => Effect.fail(undecodable(operation, ref, error.message)),
          onRight: (lease) => Effect.succeed({ ...lease, serverDateMillis: dateMillis })
        })
    )

  return {
    getLease: (ref) => Effect.catchTag(observe("get", ref, { verb: "get", ...refOf(ref) }), "Conflict", asTransient),
    createLease: (draft) =>
      Effect.suspend(() =>
        observe("create", refOf(draft.metadata), {
          verb: "create",
          namespace: draft.metadata.namespace,
          body: wire(draftToJson(draft)),
          fieldManager
        })
      ),
    patchLease: (ref, patch) =>
      Effect.suspend(() =>
        observe("patch", ref, {
          verb: "patch",
          ...refOf(ref),
          patchType: "application/merge-patch+json",
          body: wire(patchToJson(patch)),
          fieldManager
        })
      ),
    deleteLease: (ref, preconditions) => remove(server, ref, preconditions),
    watchLease: (ref, { resourceVersion }) => watch(server, ref, refOf(ref), resourceVersion),
    watchNamespace: (namespace, { resourceVersion }) =>
      watch(server, anyLease(namespace), { namespace }, resourceVersion),
    dryRunLease: (ref) =>
      Effect.suspend(() =>
        observe("dryRun", ref, {
          verb: "patch",
          ...refOf(ref),
          patchType: "application/merge-patch+json",
          body: dryRunPatch(),
          fieldManager: dryRunManager,
          dryRun: true
        })
      ).pipe(Effect.map(datedByDryRun), Effect.catchTag("Conflict", asTransient)),
    serverVersion: Effect.succeed(server.version)
  }
}

const watch = (server: ApiServer, ref: LeaseRef, selector: Selector, resourceVersion: string) =>
  Stream.suspend(() =>
    Either.match(server.watch({ selector, resourceVersion, allowBookmarks: true }), {
      onLeft: (answer) =>
        Stream.fromEffect(
          Effect.flatMap(server.nowMillis, (nowMillis) => Effect.fail(watchFailure(ref, dated(nowMillis, answer))))
        ),
      onRight: (source) => watchStream(source, (frame) => watchEvent(ref, frame))
    })
  )

export const readJson = (server: ApiServer, ref: LeaseRef): Effect.Effect<LeaseJson, NotFound | RequestError> =>
  requestJson(server, "get", ref, { verb: "get", ...refOf(ref) }).pipe(
    Effect.catchTag("Conflict", asTransient)
  )

export const listJson = (server: ApiServer): Effect.Effect<ReadonlyArray<LeaseJson>> =>
  Effect.map(server.handle({ verb: "list", selector: {} }), ({ body }) => {
    const items = body["items"]
    return isJsonArray(items) ? items.filter(isLeaseJson) : []
  })

export const requestJson = (
  server: ApiServer,
  operation: Operation,
  ref: LeaseRef,
  request: LeaseRequest
): Effect.Effect<LeaseJson, AnswerError> =>
  Effect.flatMap(
    answerTo(server, operation, ref, request),
    ({ body }) => isLeaseJson(body) ? Effect.succeed(body) : Effect.fail(undecodable(operation, ref, "it is a Status"))
  )

/** The store holds what its decoder has let in: with both parts, it is a Lease. */
const isLeaseJson = (json: Json): json is Json & LeaseJson =>
  isJsonObject(at(json, "metadata")) && isJsonObject(at(json, "spec"))

export const remove = (
  server: ApiServer,
  ref: LeaseRef,
  { resourceVersion, uid }: Partial<Preconditions>
): Effect.Effect<void, AnswerError> =>
  Effect.asVoid(answerTo(server, "delete", ref, {
    verb: "delete",
    ...refOf(ref),
    body: {
      kind: "DeleteOptions",
      apiVersion: "v1",
      preconditions: {
        ...(uid === undefined ? {} : { uid }),
        ...(resourceVersion === undefined ? {} : { resourceVersion })
      }
    }
  }))

export const nameOf = (lease: JsonObject): string => String(at(lease, "metadata", "name") ?? "")

const answerTo = (
  server: ApiServer,
  operation: Operation,
  ref: LeaseRef,
  request: LeaseRequest
): Effect.Effect<DatedAnswer, AnswerError> =>
  Effect.flatMap(server.handle(request), (answer) =>
    answer.status < 300
      ? Effect.succeed(answer)
      : Effect.fail(failureFromAnswer(operation, refOf(ref), answer)))

const decodeResource = Schema.decodeUnknownEither(LeaseResource)

// The same version of a Lease is read again and again, and shown to many watches.
const decodedLeases = new WeakMap<JsonObject, ReturnType<typeof decodeResource>>()

const decodeLease = (json: JsonObject): ReturnType<typeof decodeResource> => {
  const known = decodedLeases.get(json)
  if (known !== undefined) {
    return known
  }
  const decoded = decodeResource(json)
  decodedLeases.set(json, decoded)
  return decoded
}

const watchEvent = (ref: LeaseRef, frame: JsonObject): Effect.Effect<WatchEvent, RequestError> => {
  const object = frame["object"]
  const lease = (event: (lease: { readonly lease: Observed }) => WatchEvent) =>
    Either.match(decodeLease(isJsonObject(object) ? object : {}), {
      onLeft: (error) => Effect.fail(undecodable("watch", ref, error.message)),
      onRight: (decoded) => Effect.succeed(event({ lease: decoded }))
    })
  switch (frame["type"]) {
    case "BOOKMARK":
      return Effect.succeed(
        WatchEvent.Bookmark({ resourceVersion: String(at(object, "metadata", "resourceVersion")) })
      )
    case "DELETED":
      return lease(WatchEvent.Deleted)
    case "ERROR":
      return Effect.fail(watchFailure(ref, { status: Number(at(object, "code")), body: object }))
    default:
      return lease(WatchEvent.Present)
  }
}

/** What the body is once it has gone over the wire: without `undefined`. */
const wire = (body: unknown): Json => {
  const json: Json = JSON.parse(JSON.stringify(body))
  return isJsonObject(json) ? json : {}
}

const undecodable = (operation: Operation, ref: LeaseRef, why: string): Transient =>
  new Transient({
    operation,
    ref,
    status: 200,
    kind: "Decode",
    message: `${cannot({ operation, ref })}: the answer is no Lease: ${why}`
  })

const watchFailure = (ref: LeaseRef, answer: FailureAnswer): RequestError => {
  const error = failureFromAnswer("watch", ref, answer)
  return error._tag === "NotFound" || error._tag === "Conflict" ? asTransient(error) : error
}
