import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/TestClock"
import { KubeApi } from "../../../src/KubeApi.js"
import * as KubeApiMemory from "../../../src/KubeApiMemory.js"
import type { KubeError } from "../../../src/KubeError.js"
import { at, create, errorOf, failure, MemoryServer, metadata, ref, test } from "../../support/memoryServer.js"

describe("KubeApiMemory, writes", () => {
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
        { tag: "Invalid", status: 422, reason: "Invalid", causes: ["metadata.uid", "metadata.uid"] }
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
})
