import { assert, describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Random from "effect/Random"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import { KubeApi } from "../src/KubeApi.js"
import * as KubeApiMemory from "../src/KubeApiMemory.js"
import type { KubeError } from "../src/KubeError.js"
import type { LeaseSpec, WatchEvent } from "../src/LeaseObject.js"
import { microTimeFromMillis } from "../src/LeaseObject.js"

const ref = { namespace: "default", name: "leader" }
const spec: LeaseSpec = {
  holderIdentity: "a",
  leaseDurationSeconds: 30,
  acquireTime: microTimeFromMillis(0),
  renewTime: microTimeFromMillis(0),
  leaseTransitions: 0
}
const metadata = { name: ref.name }

const { MemoryServer } = KubeApiMemory

const test = (
  title: string,
  body: Effect.Effect<void, KubeError, KubeApi | KubeApiMemory.MemoryServer>,
  options: KubeApiMemory.Options = {}
) => it.effect(title, () => Effect.provide(body, KubeApiMemory.layerWith(options)))

const create = Effect.flatMap(KubeApi, (api) => api.createLease({ metadata: ref, spec }))

const describeError = (error: KubeError) => ({
  tag: error._tag,
  ...("status" in error ? { status: error.status, reason: error.reason } : {}),
  ...("causes" in error ? { causes: error.causes.map(({ field }) => field) } : {})
})

const errorOf = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.orDie(Effect.flip(effect))

const failure = <A>(effect: Effect.Effect<A, KubeError>) => Effect.map(errorOf(effect), describeError)

const shown = (event: WatchEvent): string =>
  event._tag === "Bookmark"
    ? `Bookmark ${event.resourceVersion}`
    : `${event._tag} ${event.lease.metadata.resourceVersion}`

/** A watch that has started when this returns. */
const watching = (resourceVersion: string, events: number) =>
  Effect.gen(function*() {
    const api = yield* KubeApi
    const server = yield* MemoryServer
    const before = yield* server.openWatches
    const fiber = yield* Effect.fork(Stream.runCollect(
      Stream.take(Stream.map(api.watchLease(ref, { resourceVersion }), shown), events)
    ))
    yield* Effect.repeat(Effect.zipRight(Effect.yieldNow(), server.openWatches), { until: (open) => open > before })
    return Effect.map(Fiber.join(fiber), Chunk.toReadonlyArray)
  })

/** `path` of a JSON value. */
const at = (json: unknown, ...path: ReadonlyArray<string | number>): unknown =>
  path.reduce<unknown>(
    (inner, key) =>
      typeof inner === "object" && inner !== null
        ? Object.entries(inner).find(([k]) => k === String(key))?.[1]
        : undefined,
    json
  )

describe("KubeApiMemory", () => {
  describe("objects", () => {
    test(
      "a new Lease has a uid, a resourceVersion, a creationTimestamp in whole seconds and an owner of its fields",
      Effect.gen(function*() {
        const server = yield* MemoryServer
        yield* TestClock.adjust("1500 millis")
        const lease = yield* create
        assert.match(lease.metadata.uid ?? "", /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
        assert.strictEqual(lease.metadata.resourceVersion, "2")
        assert.deepStrictEqual(yield* server.get(ref), {
          kind: "Lease",
          apiVersion: "coordination.k8s.io/v1",
          metadata: {
            name: "leader",
            namespace: "default",
            uid: lease.metadata.uid ?? "",
            resourceVersion: "2",
            creationTimestamp: "1970-01-01T00:00:01Z",
            managedFields: [{
              manager: "kubernetes-lease",
              operation: "Update",
              apiVersion: "coordination.k8s.io/v1",
              time: "1970-01-01T00:00:01Z",
              fieldsType: "FieldsV1",
              fieldsV1: {
                "f:spec": {
                  "f:acquireTime": {},
                  "f:holderIdentity": {},
                  "f:leaseDurationSeconds": {},
                  "f:leaseTransitions": {},
                  "f:renewTime": {}
                }
              }
            }]
          },
          spec: {
            holderIdentity: "a",
            leaseDurationSeconds: 30,
            acquireTime: "1970-01-01T00:00:00.000000Z",
            renewTime: "1970-01-01T00:00:00.000000Z",
            leaseTransitions: 0
          }
        })
      })
    )

    test(
      "every answer carries the server's Date in whole seconds",
      Effect.gen(function*() {
        const api = yield* KubeApi
        const server = yield* MemoryServer
        yield* TestClock.adjust("1999 millis")
        assert.strictEqual((yield* create).serverDateMillis, 1000)
        yield* server.setClockOffset(60_000)
        assert.strictEqual((yield* api.getLease(ref)).serverDateMillis, 61_000)
      })
    )

    test(
      "one resourceVersion grows over all objects, across deletes too",
      Effect.gen(function*() {
        const api = yield* KubeApi
        const server = yield* MemoryServer
        const first = yield* create
        const other = yield* api.createLease({ metadata: { namespace: "other", name: "other" }, spec })
        yield* server.delete(ref)
        const second = yield* create
        assert.deepStrictEqual(
          [first, other, second].map((lease) => lease.metadata.resourceVersion),
          ["2", "3", "5"]
        )
        assert.notStrictEqual(first.metadata.uid, second.metadata.uid)
      })
    )

    test(
      "resourceVersions can exceed 2^53",
      Effect.gen(function*() {
        const server = yield* MemoryServer
        yield* server.advanceResourceVersion(2n ** 60n)
        assert.strictEqual((yield* create).metadata.resourceVersion, String(2n ** 60n + 1n))
      })
    )

    it.effect("uids come from the seed at build time, and differ though a test pins Random", () => {
      const uids = Effect.gen(function*() {
        const server = yield* MemoryServer
        const first = yield* create
        yield* server.delete(ref)
        return [first.metadata.uid, (yield* create).metadata.uid]
      }).pipe(Effect.provide(KubeApiMemory.layer), Effect.withRandom(Random.fixed([0.5])))
      return Effect.gen(function*() {
        const [first, second] = yield* uids
        assert.notStrictEqual(first, second)
        assert.deepStrictEqual(yield* uids, [first, second])
      })
    })
  })

  describe("writes that are refused", () => {
    const refused: ReadonlyArray<
      readonly [
        title: string,
        (server: KubeApiMemory.MemoryServer["Type"]) => Effect.Effect<unknown, KubeError>,
        object
      ]
    > = [
      ["POST, name exists", (server) => server.create("default", { metadata }), {
        tag: "Conflict",
        status: 409,
        reason: "AlreadyExists"
      }],
      ["POST, namespace missing", (server) => server.create("nope", { metadata }), {
        tag: "NotFound",
        status: 404,
        reason: "NotFound"
      }],
      [
        "POST, bad name",
        (server) => server.create("default", { metadata: { name: "A_b" } }),
        { tag: "Invalid", status: 422, reason: "Invalid", causes: ["metadata.name"] }
      ],
      [
        "POST, no name",
        (server) => server.create("default", {}),
        { tag: "Invalid", status: 422, reason: "Invalid", causes: ["metadata.name"] }
      ],
      [
        "POST, name of 254 characters",
        (server) => server.create("default", { metadata: { name: "a".repeat(254) } }),
        { tag: "Invalid", status: 422, reason: "Invalid", causes: ["metadata.name"] }
      ],
      [
        "POST, bad label",
        (server) => server.create("default", { metadata: { name: "b", labels: { "a b": "c d" } } }),
        { tag: "Invalid", status: 422, reason: "Invalid", causes: ["metadata.labels", "metadata.labels"] }
      ],
      [
        "POST, another namespace in the body",
        (server) => server.create("default", { metadata: { name: "b", namespace: "other" } }),
        { tag: "Invalid", status: 400, reason: "BadRequest", causes: [] }
      ],
      [
        "POST with a resourceVersion",
        (server) => server.create("default", { metadata: { name: "b", resourceVersion: "1" } }),
        { tag: "Transient", status: 500, reason: undefined }
      ],
      [
        "POST, leaseDurationSeconds 0 and leaseTransitions -1",
        (server) =>
          server.create("default", {
            metadata: { name: "b" },
            spec: { leaseDurationSeconds: 0, leaseTransitions: -1 }
          }),
        {
          tag: "Invalid",
          status: 422,
          reason: "Invalid",
          causes: ["spec.leaseDurationSeconds", "spec.leaseTransitions"]
        }
      ],
      [
        "POST, a time with three digits",
        (server) =>
          server.create("default", { metadata: { name: "b" }, spec: { renewTime: "2026-01-01T00:00:00.123Z" } }),
        { tag: "Invalid", status: 400, reason: "BadRequest", causes: [] }
      ],
      [
        "PUT, a time with three digits",
        (server) =>
          server.replace(ref, {
            metadata: { ...metadata, resourceVersion: "2" },
            spec: { renewTime: "2026-01-01T00:00:00.123Z" }
          }),
        { tag: "Invalid", status: 400, reason: "BadRequest", causes: [] }
      ],
      [
        "PATCH, a time with three digits",
        (server) => server.patch(ref, { spec: { renewTime: "2026-01-01T00:00:00.123Z" } }),
        { tag: "Invalid", status: 422, reason: "Invalid", causes: ["patch"] }
      ],
      [
        "POST, a duration that is no integer",
        (server) => server.create("default", { metadata: { name: "b" }, spec: { leaseDurationSeconds: 1.5 } }),
        { tag: "Invalid", status: 400, reason: "BadRequest", causes: [] }
      ],
      [
        "POST, a duration beyond 32 bits",
        (server) => server.create("default", { metadata: { name: "b" }, spec: { leaseDurationSeconds: 3e9 } }),
        { tag: "Invalid", status: 400, reason: "BadRequest", causes: [] }
      ],
      [
        "PATCH, leaseDurationSeconds 0",
        (server) => server.patch(ref, { spec: { leaseDurationSeconds: 0 } }),
        { tag: "Invalid", status: 422, reason: "Invalid", causes: ["spec.leaseDurationSeconds"] }
      ],
      ["PATCH, stale resourceVersion", (server) => server.patch(ref, { metadata: { resourceVersion: "1" } }), {
        tag: "Conflict",
        status: 409,
        reason: "Conflict"
      }],
      ["PATCH, object missing", (server) => server.patch({ ...ref, name: "nope" }, {}), {
        tag: "NotFound",
        status: 404,
        reason: "NotFound"
      }],
      [
        "PATCH, foreign uid",
        (server) => server.patch(ref, { metadata: { uid: "foreign" } }),
        { tag: "Invalid", status: 422, reason: "Invalid", causes: ["metadata.uid"] }
      ],
      [
        "PATCH, foreign uid and stale resourceVersion",
        (server) => server.patch(ref, { metadata: { uid: "foreign", resourceVersion: "1" } }),
        { tag: "Conflict", status: 409, reason: "Conflict" }
      ],
      [
        "PATCH that takes the resourceVersion away",
        (server) => server.patch(ref, { metadata: { resourceVersion: null } }),
        { tag: "Invalid", status: 422, reason: "Invalid", causes: ["metadata.resourceVersion"] }
      ],
      [
        "PATCH, another name",
        (server) => server.patch(ref, { metadata: { name: "other" } }),
        { tag: "Invalid", status: 400, reason: "BadRequest", causes: [] }
      ],
      [
        "PUT, stale resourceVersion",
        (server) => server.replace(ref, { metadata: { ...metadata, resourceVersion: "1" } }),
        { tag: "Conflict", status: 409, reason: "Conflict" }
      ],
      [
        "PUT without resourceVersion",
        (server) => server.replace(ref, { metadata }),
        { tag: "Invalid", status: 422, reason: "Invalid", causes: ["metadata.resourceVersion"] }
      ],
      [
        "PUT on a missing object, uid in the body",
        (server) => server.replace({ ...ref, name: "nope" }, { metadata: { name: "nope", uid: "some" } }),
        { tag: "Conflict", status: 409, reason: "Conflict" }
      ],
      ["DELETE, another uid", (server) => server.delete(ref, { uid: "foreign" }), {
        tag: "Conflict",
        status: 409,
        reason: "Conflict"
      }],
      ["DELETE, stale resourceVersion", (server) => server.delete(ref, { resourceVersion: "1" }), {
        tag: "Conflict",
        status: 409,
        reason: "Conflict"
      }],
      ["DELETE, object missing", (server) => server.delete({ ...ref, name: "nope" }), {
        tag: "NotFound",
        status: 404,
        reason: "NotFound"
      }],
      ["GET, object missing", (server) => server.get({ ...ref, name: "nope" }), {
        tag: "NotFound",
        status: 404,
        reason: "NotFound"
      }]
    ]
    for (const [title, write, expected] of refused) {
      test(
        title,
        Effect.gen(function*() {
          const server = yield* MemoryServer
          yield* create
          const before = yield* server.resourceVersion
          assert.deepStrictEqual(yield* failure(write(server)), expected)
          assert.strictEqual(yield* server.resourceVersion, before, "a refused write changes nothing")
        }),
        { namespaces: ["default"] }
      )
    }

    test(
      "the message of a malformed time is the server's",
      Effect.gen(function*() {
        const server = yield* MemoryServer
        const messages = yield* Effect.forEach(
          [
            "2026-01-01T00:00:00.123Z",
            "2026-01-01T00:00:00Z",
            "2026-01-01T00:00:00.1234567Z",
            "soon",
            "2026-13-01T00:00:00.123456Z"
          ],
          (renewTime) =>
            Effect.map(
              errorOf(server.create("default", { metadata, spec: { renewTime } })),
              ({ message }) => /parsing time.*/.exec(message)?.[0]
            )
        )
        const layout = `as "2006-01-02T15:04:05.000000Z07:00"`
        assert.deepStrictEqual(messages, [
          `parsing time "2026-01-01T00:00:00.123Z" ${layout}: cannot parse ".123Z" as ".000000"`,
          `parsing time "2026-01-01T00:00:00Z" ${layout}: cannot parse "Z" as ".000000"`,
          `parsing time "2026-01-01T00:00:00.1234567Z" ${layout}: cannot parse "7Z" as "Z07:00"`,
          `parsing time "soon" ${layout}: cannot parse "soon" as "2006"`,
          `parsing time "2026-13-01T00:00:00.123456Z": month out of range`
        ])
      })
    )
  })

  describe("writes that are taken", () => {
    test(
      "a merge patch without resourceVersion is unconditional",
      Effect.gen(function*() {
        const server = yield* MemoryServer
        yield* create
        yield* server.patch(ref, { metadata: { labels: { app: "x" } } })
        const patched = yield* server.patch(ref, { spec: { holderIdentity: "b" } })
        assert.deepStrictEqual([at(patched, "metadata", "labels"), at(patched, "spec", "holderIdentity")], [{
          app: "x"
        }, "b"])
      })
    )

    test(
      "the resourceVersion of a deleted and recreated object is stale",
      Effect.gen(function*() {
        const api = yield* KubeApi
        const server = yield* MemoryServer
        const { metadata: { resourceVersion } } = yield* create
        yield* server.delete(ref)
        yield* create
        assert.deepStrictEqual(yield* failure(api.patchLease(ref, { resourceVersion, spec: {} })), {
          tag: "Conflict",
          status: 409,
          reason: "Conflict"
        })
      })
    )

    test(
      "an empty holderIdentity is kept, null removes fields, a body without spec has an empty one",
      Effect.gen(function*() {
        const server = yield* MemoryServer
        yield* create
        assert.strictEqual(at(yield* server.patch(ref, { spec: { holderIdentity: "" } }), "spec", "holderIdentity"), "")
        const nothing = {
          holderIdentity: null,
          leaseDurationSeconds: null,
          acquireTime: null,
          renewTime: null,
          leaseTransitions: null
        }
        assert.deepStrictEqual(at(yield* server.patch(ref, { spec: nothing }), "spec"), {})
        assert.deepStrictEqual(at(yield* server.create("default", { metadata: { name: "bare" } }), "spec"), {})
      })
    )

    test(
      "times are brought to UTC",
      Effect.gen(function*() {
        const server = yield* MemoryServer
        const lease = yield* server.create("default", {
          metadata,
          spec: { renewTime: "2026-01-01T02:00:00.123456+02:00" }
        })
        assert.strictEqual(at(lease, "spec", "renewTime"), "2026-01-01T00:00:00.123456Z")
      })
    )

    test(
      "a PUT on a missing object re-creates it, in spite of a resourceVersion in the body",
      Effect.gen(function*() {
        const server = yield* MemoryServer
        const lease = yield* server.replace(ref, {
          metadata: { ...metadata, resourceVersion: "77" },
          spec: { holderIdentity: "b" }
        })
        assert.deepStrictEqual([at(lease, "metadata", "resourceVersion"), at(lease, "spec")], ["2", {
          holderIdentity: "b"
        }])
      })
    )

    test(
      "a write that changes nothing bumps neither resourceVersion nor managedFields",
      Effect.gen(function*() {
        const server = yield* MemoryServer
        yield* create
        const before = yield* server.get(ref)
        yield* TestClock.adjust("10 seconds")
        assert.deepStrictEqual(
          yield* server.patch(ref, { spec: { holderIdentity: "a" } }, { fieldManager: "other" }),
          before
        )
        assert.deepStrictEqual(yield* server.get(ref), before)
      })
    )

    test(
      "fields that no Lease has are dropped",
      Effect.gen(function*() {
        const server = yield* MemoryServer
        yield* create
        assert.notProperty(at(yield* server.patch(ref, { spec: { preferredHolder: "b" } }), "spec"), "preferredHolder")
      })
    )

    test(
      "or kept, if so asked",
      Effect.gen(function*() {
        const server = yield* MemoryServer
        yield* create
        assert.strictEqual(
          at(yield* server.patch(ref, { spec: { preferredHolder: "b" } }), "spec", "preferredHolder"),
          "b"
        )
      }),
      { preserveUnknownFields: true }
    )

    test(
      "a delete of exactly one version",
      Effect.gen(function*() {
        const api = yield* KubeApi
        const { metadata: { resourceVersion, uid = "" } } = yield* create
        yield* api.deleteLease(ref, { uid, resourceVersion })
        assert.deepStrictEqual(yield* failure(api.getLease(ref)), { tag: "NotFound", status: 404, reason: "NotFound" })
      })
    )
  })

  describe("managedFields", () => {
    const entries = Effect.map(Effect.flatMap(MemoryServer, (server) => server.get(ref)), (lease) => {
      const managed = at(lease, "metadata", "managedFields")
      return Array.isArray(managed)
        ? managed.map((entry) =>
          `${at(entry, "manager")} ${at(entry, "time")} ${Object.keys(at(entry, "fieldsV1", "f:spec") ?? {}).join()}`
        )
        : undefined
    })

    const renewAt = (millis: number) =>
      Effect.gen(function*() {
        const server = yield* MemoryServer
        yield* TestClock.setTime(millis)
        yield* server.patch(ref, {
          spec: { renewTime: `1970-01-01T00:00:${String(millis / 1000).padStart(2, "0")}.000000Z` }
        }, { fieldManager: "kubernetes-lease" })
      })

    const all = "f:acquireTime,f:holderIdentity,f:leaseDurationSeconds,f:leaseTransitions,f:renewTime"

    test(
      "since 1.25 every change by a writer refreshes its time",
      Effect.gen(function*() {
        yield* create
        yield* renewAt(10_000)
        assert.deepStrictEqual(yield* entries, [`kubernetes-lease 1970-01-01T00:00:10Z ${all}`])
      })
    )

    test(
      "before 1.25 only a change of what it owns does",
      Effect.gen(function*() {
        const server = yield* MemoryServer
        yield* create
        yield* renewAt(10_000)
        assert.deepStrictEqual(yield* entries, [`kubernetes-lease 1970-01-01T00:00:00Z ${all}`])
        yield* server.patch(ref, { metadata: { labels: { app: "x" } } }, { fieldManager: "kubernetes-lease" })
        assert.deepStrictEqual(yield* entries, [`kubernetes-lease 1970-01-01T00:00:10Z ${all}`])
      }),
      { managedFieldsTime: "ownershipChange" }
    )

    test(
      "the last writer of a field owns it, and another's change leaves the time alone",
      Effect.gen(function*() {
        const server = yield* MemoryServer
        yield* create
        yield* TestClock.adjust("5 seconds")
        yield* server.patch(ref, { spec: { holderIdentity: "b" }, metadata: { labels: { app: "x" } } })
        assert.deepStrictEqual(yield* entries, [
          "kubernetes-lease 1970-01-01T00:00:00Z f:acquireTime,f:leaseDurationSeconds,f:leaseTransitions,f:renewTime",
          "kubectl 1970-01-01T00:00:05Z f:holderIdentity"
        ])
      })
    )

    test(
      "managedFields: [{}] ends the tracking for good, and a patch can forge it",
      Effect.gen(function*() {
        const server = yield* MemoryServer
        yield* create
        yield* server.patch(ref, {
          metadata: {
            managedFields: [{
              manager: "x",
              operation: "Update",
              time: "2020-01-01T00:00:00Z",
              fieldsV1: { "f:spec": { "f:renewTime": {} } }
            }]
          }
        })
        assert.deepStrictEqual(yield* entries, ["x 2020-01-01T00:00:00Z f:renewTime"])
        yield* server.patch(ref, { metadata: { managedFields: [{}] } })
        assert.isUndefined(yield* entries)
        yield* renewAt(10_000)
        assert.isUndefined(yield* entries)
      })
    )

    test(
      "past ten writers the oldest merge into ancient-changes, under the later time",
      Effect.gen(function*() {
        const server = yield* MemoryServer
        yield* create
        for (let i = 1; i <= 10; i++) {
          yield* TestClock.adjust("1 second")
          yield* server.patch(ref, { metadata: { labels: { [`w${i}`]: "1" } } }, { fieldManager: `writer-${i}` })
        }
        const found = yield* entries
        assert.strictEqual(found?.length, 10)
        assert.strictEqual(found?.[0], `ancient-changes 1970-01-01T00:00:01Z ${all}`)
      })
    )
  })

  describe("finalizers", () => {
    test(
      "a delete marks, the Lease can still be patched, and vanishes with its finalizers",
      Effect.gen(function*() {
        const server = yield* MemoryServer
        yield* create
        yield* server.patch(ref, { metadata: { finalizers: ["example.com/x"] } })
        const events = yield* watching("2", 4)
        yield* TestClock.adjust("1 second")
        yield* server.delete(ref)
        const marked = yield* server.patch(ref, { spec: { holderIdentity: "b" } })
        assert.deepStrictEqual(
          [at(marked, "metadata", "deletionTimestamp"), at(marked, "spec", "holderIdentity")],
          ["1970-01-01T00:00:01Z", "b"]
        )
        assert.deepStrictEqual(
          yield* failure(server.patch(ref, { metadata: { finalizers: ["example.com/x", "example.com/y"] } })),
          {
            tag: "Invalid",
            status: 422,
            reason: "Invalid",
            causes: ["metadata.finalizers"]
          }
        )
        yield* server.patch(ref, { metadata: { finalizers: null } })
        assert.strictEqual((yield* failure(server.get(ref))).tag, "NotFound")
        assert.deepStrictEqual(yield* events, ["Present 3", "Present 4", "Present 5", "Deleted 6"])
      })
    )
  })

  describe("watches", () => {
    test(
      "show what happened after a resourceVersion and what happens from now on, to one Lease only",
      Effect.gen(function*() {
        const api = yield* KubeApi
        const server = yield* MemoryServer
        const { metadata: { resourceVersion } } = yield* create
        yield* server.patch(ref, { spec: { holderIdentity: "b" } })
        const events = yield* watching(resourceVersion, 3)
        yield* api.createLease({ metadata: { ...ref, name: "other" }, spec })
        yield* server.delete(ref)
        yield* create
        assert.deepStrictEqual(yield* events, ["Present 3", "Deleted 5", "Present 6"])
      })
    )

    test(
      "a DELETED event shows the last holder",
      Effect.gen(function*() {
        const api = yield* KubeApi
        const server = yield* MemoryServer
        const { metadata: { resourceVersion } } = yield* create
        yield* server.delete(ref)
        const [event] = yield* Stream.runCollect(Stream.take(api.watchLease(ref, { resourceVersion }), 1))
        assert.strictEqual(event?._tag === "Deleted" ? event.lease.spec?.holderIdentity : undefined, "a")
      })
    )

    test(
      "get a bookmark a minute, and one when so asked",
      Effect.gen(function*() {
        const server = yield* MemoryServer
        const { metadata: { resourceVersion } } = yield* create
        const events = yield* watching(resourceVersion, 2)
        yield* server.sendBookmarks
        yield* server.advanceResourceVersion(100n)
        yield* TestClock.adjust("1 minute")
        assert.deepStrictEqual(yield* events, ["Bookmark 2", "Bookmark 100"])
      })
    )

    test(
      "end by themselves after 30 to 60 minutes",
      Effect.gen(function*() {
        const server = yield* MemoryServer
        const { metadata: { resourceVersion } } = yield* create
        const events = yield* watching(resourceVersion, 1000)
        yield* TestClock.adjust("30 minutes")
        assert.strictEqual(yield* server.openWatches, 1)
        yield* TestClock.adjust("30 minutes")
        assert.strictEqual(yield* server.openWatches, 0)
        assert.isAtLeast((yield* events).length, 29)
      })
    )

    test(
      "end when the server ends them, and unsubscribe when nobody listens",
      Effect.gen(function*() {
        const api = yield* KubeApi
        const server = yield* MemoryServer
        const { metadata: { resourceVersion } } = yield* create
        const events = yield* watching(resourceVersion, 10)
        yield* server.endWatches
        assert.deepStrictEqual(yield* events, [])
        const fiber = yield* Effect.fork(Stream.runDrain(api.watchLease(ref, { resourceVersion })))
        yield* Effect.repeat(Effect.zipRight(Effect.yieldNow(), server.openWatches), { until: (open) => open === 1 })
        yield* Fiber.interrupt(fiber)
        assert.strictEqual(yield* server.openWatches, 0)
      })
    )

    for (const expiredWatch of ["event", "status"] as const) {
      test(
        `fail with 410 after compaction (by ${expiredWatch})`,
        Effect.gen(function*() {
          const api = yield* KubeApi
          const server = yield* MemoryServer
          const { metadata: { resourceVersion } } = yield* create
          const renewed = yield* server.patch(ref, { spec: { holderIdentity: "b" } })
          yield* server.compact
          assert.deepStrictEqual(yield* failure(Stream.runDrain(api.watchLease(ref, { resourceVersion }))), {
            tag: "Transient",
            status: 410,
            reason: "Expired"
          })
          const events = yield* watching(String(at(renewed, "metadata", "resourceVersion")), 1)
          yield* server.delete(ref)
          assert.deepStrictEqual(yield* events, ["Deleted 4"])
        }),
        { expiredWatch }
      )
    }

    test(
      "forget no more than they may: the latest events stay",
      Effect.gen(function*() {
        const api = yield* KubeApi
        const server = yield* MemoryServer
        const { metadata: { resourceVersion } } = yield* create
        for (let i = 0; i < 10; i++) {
          yield* server.patch(ref, { spec: { holderIdentity: `h${i}` } })
        }
        assert.strictEqual((yield* failure(Stream.runDrain(api.watchLease(ref, { resourceVersion })))).tag, "Transient")
        const events = yield* watching("8", 4)
        assert.deepStrictEqual(yield* events, ["Present 9", "Present 10", "Present 11", "Present 12"])
      }),
      { watchCacheSize: 4 }
    )
  })

  describe("namespaces", () => {
    test(
      "every namespace exists, unless it has been deleted",
      Effect.gen(function*() {
        const api = yield* KubeApi
        const server = yield* MemoryServer
        const elsewhere = { namespace: "elsewhere", name: "x" }
        yield* api.createLease({ metadata: elsewhere, spec })
        yield* server.deleteNamespace("elsewhere")
        assert.deepStrictEqual(yield* server.list, [])
        const error = yield* errorOf(api.createLease({ metadata: elsewhere, spec }))
        assert.strictEqual(error._tag === "NotFound" ? error.kind : undefined, "namespaces")
        yield* server.createNamespace("elsewhere")
        yield* api.createLease({ metadata: elsewhere, spec })
      })
    )
  })

  test(
    "another program writes under another name",
    Effect.gen(function*() {
      const server = yield* MemoryServer
      const other = server.kubeApiAs("client-go")
      yield* other.createLease({ metadata: ref, spec })
      assert.strictEqual(at(yield* server.get(ref), "metadata", "managedFields", 0, "manager"), "client-go")
    })
  )
})
