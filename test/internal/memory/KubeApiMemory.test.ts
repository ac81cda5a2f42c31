import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as TestClock from "effect/TestClock"
import { KubeApi } from "../../../src/KubeApi.js"
import * as KubeApiMemory from "../../../src/KubeApiMemory.js"
import { at, create, errorOf, failure, MemoryServer, ref, spec, test, watching } from "../../support/memoryServer.js"

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
        assert.deepStrictEqual<unknown>(yield* server.get(ref), {
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
            causes: ["metadata.finalizers", "metadata.finalizers"]
          }
        )
        yield* server.patch(ref, { metadata: { finalizers: null } })
        assert.strictEqual((yield* failure(server.get(ref))).tag, "NotFound")
        assert.deepStrictEqual(yield* events, ["Present 3", "Present 4", "Present 5", "Deleted 6"])
      })
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
