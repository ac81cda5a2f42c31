import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/TestClock"
import { at, create, MemoryServer, ref, test } from "../../support/memoryServer.js"

describe("KubeApiMemory, managedFields", () => {
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
    { version: "1.24" }
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
