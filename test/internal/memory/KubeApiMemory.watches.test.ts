import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import { KubeApi } from "../../../src/KubeApi.js"
import { at, create, failure, MemoryServer, ref, spec, test, watching } from "../../support/memoryServer.js"

describe("KubeApiMemory, watches", () => {
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

  test(
    "show nothing that happens after the server has ended them",
    Effect.gen(function*() {
      const server = yield* MemoryServer
      const { metadata: { resourceVersion } } = yield* create
      const events = yield* watching(resourceVersion, 10)
      yield* server.patch(ref, { spec: { holderIdentity: "b" } })
      yield* server.endWatches
      yield* server.delete(ref)
      assert.deepStrictEqual(yield* events, ["Present 3"])
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
