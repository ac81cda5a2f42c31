import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Random from "effect/Random"
import { PCGRandom } from "effect/Utils"
import type { ServerVersion } from "../../LeaseObject.js"
import type { Json, JsonObject } from "./json.js"
import { jsonPatch } from "./jsonPatch.js"
import * as LeaseStore from "./leaseStore.js"
import { mergePatch } from "./mergePatch.js"
import { apply } from "./serverSideApply.js"
import type { Answer } from "./status.js"
import * as Status from "./status.js"
import type { StoredLease } from "./storedLease.js"
import { apiVersion, kind } from "./storedLease.js"
import { traitsOf } from "./version.js"
import type { LeaseEvent, Selector } from "./watchCache.js"
import * as WatchCache from "./watchCache.js"
import type { FrameSource } from "./watchStream.js"
import type { WriteContext } from "./writes.js"
import * as Writes from "./writes.js"

export interface Settings {
  readonly version: ServerVersion
  readonly namespaces?: ReadonlyArray<string> | undefined
  readonly preserveUnknownFields: boolean
  readonly watchCacheSize: number
  /** How a watch from a forgotten resourceVersion is refused: by an ERROR event after 200, or by HTTP 410. */
  readonly expiredWatch: "event" | "status"
  readonly initialResourceVersion: bigint
}

export interface WriteOptions {
  readonly fieldManager: string
  readonly dryRun?: boolean | undefined
}

/** A request for Leases, once its path and its body are understood. */
export type LeaseRequest =
  | { readonly verb: "get"; readonly namespace: string; readonly name: string }
  | { readonly verb: "list"; readonly selector: Selector }
  | { readonly verb: "create"; readonly namespace: string; readonly body: Json | undefined } & WriteOptions
  | {
    readonly verb: "update"
    readonly namespace: string
    readonly name: string
    readonly body: Json | undefined
  } & WriteOptions
  | {
    readonly verb: "patch"
    readonly namespace: string
    readonly name: string
    readonly patchType: string
    readonly body: Json
    readonly force?: boolean | undefined
  } & WriteOptions
  | {
    readonly verb: "delete"
    readonly namespace: string
    readonly name: string
    /** `DeleteOptions` */
    readonly body: Json | undefined
    readonly dryRun?: boolean | undefined
  }

export interface WatchRequest {
  readonly selector: Selector
  /** Absent or "0": what there is comes first, as ADDED. */
  readonly resourceVersion?: string | undefined
  readonly allowBookmarks: boolean
  /** Absent: between 30 and 60 minutes. */
  readonly timeoutSeconds?: number | undefined
}

export interface DatedAnswer extends Answer {
  /** The server's clock, in whole seconds, as milliseconds since 1970. */
  readonly dateMillis: number
}

export interface ApiServer {
  readonly version: ServerVersion
  /** The server's clock, in milliseconds since 1970. */
  readonly nowMillis: Effect.Effect<number>
  readonly handle: (request: LeaseRequest) => Effect.Effect<DatedAnswer>
  readonly watch: (request: WatchRequest) => Either.Either<FrameSource, Answer>
  readonly createNamespace: (namespace: string) => Effect.Effect<void>
  readonly removeNamespace: (namespace: string) => Effect.Effect<void>
  readonly resourceVersion: Effect.Effect<bigint>
  readonly advanceResourceVersion: (resourceVersion: bigint) => Effect.Effect<void>
  readonly compact: Effect.Effect<void>
  readonly sendBookmarks: Effect.Effect<void>
  readonly endWatches: Effect.Effect<void>
  readonly setClockOffset: (offsetMillis: number) => Effect.Effect<void>
  readonly openWatches: Effect.Effect<number>
}

export const make = (settings: Settings): Effect.Effect<ApiServer> =>
  Effect.gen(function*() {
    const { keepsStrategy, managedFieldsTime } = traitsOf(settings.version)
    const random = new PCGRandom(yield* Random.nextInt)
    const cache = WatchCache.make(settings.watchCacheSize)
    const store = LeaseStore.make(cache, settings.initialResourceVersion)
    const namespaces = settings.namespaces === undefined ? undefined : new Set(settings.namespaces)
    const removedNamespaces = new Set<string>()
    let clockOffsetMillis = 0

    const namespaceExists = (namespace: string) =>
      namespaces === undefined ? !removedNamespaces.has(namespace) : namespaces.has(namespace)

    const serverTime = Effect.map(Clock.currentTimeMillis, (millis) => millis + clockOffsetMillis)

    const context = (
      nowMillis: number,
      { dryRun = false, fieldManager = "unknown" }: Partial<WriteOptions>
    ): WriteContext => ({
      store,
      namespaceExists,
      nowMillis,
      uid: () => uuid(random),
      fieldManager,
      managedFieldsTime,
      keptFields: { strategy: keepsStrategy, unknown: settings.preserveUnknownFields },
      dryRun
    })

    const answer = (request: LeaseRequest, nowMillis: number): Answer => {
      switch (request.verb) {
        case "get": {
          const lease = store.get(request.namespace, request.name)
          return lease === undefined ? Status.notFound(request.name) : { status: 200, body: lease }
        }
        case "list":
          return { status: 200, body: listOf(store.list(request.selector), store.resourceVersion()) }
        case "create":
          return Writes.create(context(nowMillis, request), request.namespace, request.body)
        case "update":
          return Writes.replace(context(nowMillis, request), request.namespace, request.name, request.body)
        case "patch":
          return patch(context(nowMillis, request), request)
        case "delete":
          return Writes.remove(context(nowMillis, request), request.namespace, request.name, request.body)
      }
    }

    const watch = (request: WatchRequest): Either.Either<FrameSource, Answer> => {
      const { resourceVersion = "" } = request
      if (!/^\d*$/.test(resourceVersion)) {
        return Either.left(Status.internalError(
          `resourceVersion: Invalid value: "${resourceVersion}": strconv.ParseUint: parsing "${resourceVersion}": ` +
            "invalid syntax"
        ))
      }
      const fromNow = resourceVersion === "" || resourceVersion === "0"
      const since = fromNow ? store.resourceVersion() : BigInt(resourceVersion)
      const expired = () => Status.expired(resourceVersion, String(cache.oldest()))
      if (settings.expiredWatch === "status" && !fromNow && cache.since(since, request.selector) === undefined) {
        return Either.left(expired())
      }
      return Either.right({
        subscribe: (sink) => {
          const missed = fromNow ? [] : cache.since(since, request.selector)
          if (missed === undefined) {
            sink.frame({ type: "ERROR", object: expired().body })
            sink.end()
            return () => {}
          }
          let seen = since
          const event = (happened: LeaseEvent) => {
            if (happened.resourceVersion > seen) {
              seen = happened.resourceVersion
              sink.frame({ type: happened.type, object: happened.lease })
            }
          }
          const bookmark = (version: bigint) => {
            if (request.allowBookmarks) {
              sink.frame(bookmarkAt(version))
            }
          }
          if (fromNow) {
            store.list(request.selector).forEach((object) => sink.frame({ type: "ADDED", object }))
          }
          missed.forEach(event)
          return cache.subscribe(request.selector, { event, bookmark, end: sink.end })
        },
        bookmark: request.allowBookmarks ? () => bookmarkAt(store.resourceVersion()) : undefined,
        timeoutSeconds: request.timeoutSeconds ?? 1800 + random.integer(1800)
      })
    }

    return {
      version: settings.version,
      nowMillis: serverTime,
      handle: (request) => Effect.map(serverTime, (nowMillis) => dated(nowMillis, answer(request, nowMillis))),
      watch,
      createNamespace: (namespace) =>
        Effect.sync(() => {
          namespaces?.add(namespace)
          removedNamespaces.delete(namespace)
        }),
      removeNamespace: (namespace) =>
        Effect.sync(() => {
          namespaces?.delete(namespace)
          removedNamespaces.add(namespace)
          store.list({ namespace }).forEach(store.remove)
        }),
      resourceVersion: Effect.sync(store.resourceVersion),
      advanceResourceVersion: (resourceVersion) => Effect.sync(() => store.advance(resourceVersion)),
      compact: Effect.sync(() => cache.compact(store.resourceVersion())),
      sendBookmarks: Effect.sync(() => cache.bookmarkAll(store.resourceVersion())),
      endWatches: Effect.sync(cache.endAll),
      setClockOffset: (offsetMillis) =>
        Effect.sync(() => {
          clockOffsetMillis = offsetMillis
        }),
      openWatches: Effect.sync(cache.watching)
    }
  })

const patch = (
  context: WriteContext,
  { body, force = false, name, namespace, patchType }: Extract<LeaseRequest, { readonly verb: "patch" }>
): Answer => {
  switch (patchType) {
    // A strategic merge differs from a merge patch in lists only, of which a Lease's spec has none.
    case "application/merge-patch+json":
    case "application/strategic-merge-patch+json":
      return Writes.patch(context, namespace, name, (stored) => Either.right(mergePatch(stored, body)))
    case "application/json-patch+json":
      return Writes.patch(
        context,
        namespace,
        name,
        (stored) => Either.mapLeft(jsonPatch(stored, body), () => Status.patchRejected)
      )
    case "application/apply-patch+yaml":
      return apply(context, namespace, name, body, force)
    default:
      return Status.unsupportedPatchType
  }
}

export const dated = (nowMillis: number, answer: Answer): DatedAnswer => ({
  ...answer,
  dateMillis: Math.floor(nowMillis / 1000) * 1000
})

const listOf = (items: ReadonlyArray<StoredLease>, resourceVersion: bigint): JsonObject => ({
  kind: `${kind}List`,
  apiVersion,
  metadata: { resourceVersion: String(resourceVersion) },
  items: items.map(({ metadata, spec }) => ({ metadata, spec }))
})

const bookmarkAt = (resourceVersion: bigint): JsonObject => ({
  type: "BOOKMARK",
  object: {
    kind,
    apiVersion,
    metadata: { resourceVersion: String(resourceVersion), creationTimestamp: null },
    spec: {}
  }
})

/** Version 4, from a generator of the server's own: a test that pins `Random` must still get distinct uids. */
const uuid = (random: PCGRandom): string => {
  const hex = (digits: number) => random.integer(16 ** digits).toString(16).padStart(digits, "0")
  return `${hex(8)}-${hex(4)}-4${hex(3)}-${(8 + random.integer(4)).toString(16)}${hex(3)}-${hex(6)}${hex(6)}`
}
