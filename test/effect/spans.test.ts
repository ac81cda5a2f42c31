import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import { inspect } from "node:util"
import { assert } from "vitest"
import { MemoryServer } from "../../src/KubeApiMemory.js"
import * as LeaseService from "../../src/LeaseService.js"
import { layer as testApiServer, layerKubeApi, TestApiServer } from "../../src/testing/TestApiServer.js"
import { acquired, mine, ref, tryAcquire } from "../support/leases.js"
import * as Logs from "../support/logs.js"
import type { CollectedSpan } from "../support/spans.js"
import { collectingSpans } from "../support/spans.js"

type Services = LeaseService.LeaseService | Logs.Logs | TestApiServer | MemoryServer

const services: Layer.Layer<Services> = LeaseService.layer.pipe(
  Layer.provide(layerKubeApi),
  Layer.provideMerge(testApiServer),
  Layer.merge(Logs.layer)
)

/** Over HTTPS, for the spans of `KubeApi` are those of requests. */
const scenario = <E>(
  title: string,
  test: (spans: Effect.Effect<ReadonlyArray<CollectedSpan>>) => Effect.Effect<void, E, Services | Scope.Scope>
) => it.live(title, () => collectingSpans((spans) => Effect.scoped(test(spans)).pipe(Effect.provide(services))))

/** As parent/child. */
const shape = (spans: ReadonlyArray<CollectedSpan>): ReadonlyArray<string> =>
  spans.map(({ name, parent }) => parent === undefined ? name : `${parent}/${name}`)

const frequent = { ...mine, renewalInterval: "50 millis" } as const

describe.concurrent("spans", () => {
  scenario(
    "acquire, verify and release have spans, whose requests are their children",
    (spans) =>
      Effect.gen(function*() {
        const held = yield* acquired(mine)
        yield* held.verify
        yield* held.release
        const collected = yield* spans
        assert.deepStrictEqual(shape(collected), [
          "LeaseService.acquire",
          "LeaseService.acquire/KubeApi.getLease",
          "LeaseService.acquire/KubeApi.createLease",
          "LeaseService.verify",
          "LeaseService.verify/KubeApi.getLease",
          "LeaseService.release",
          "LeaseService.release/KubeApi.patchLease",
          "LeaseService.release/KubeApi.deleteLease"
        ])
        for (const { attributes } of collected) {
          assert.deepStrictEqual(attributes, { "lease.namespace": "default", "lease.name": "leader" })
        }
      })
  )

  const acquires = {
    tryAcquire: acquired(mine),
    acquire: Effect.flatMap(LeaseService.LeaseService, (service) => service.acquire(mine))
  }
  for (const [operation, acquire] of Object.entries(acquires)) {
    scenario(
      `they are part of the span that they are called in, the release of a scope too: ${operation}`,
      (spans) =>
        Effect.gen(function*() {
          yield* Effect.scoped(acquire).pipe(Effect.withSpan("work"))
          const own = (yield* spans).filter(({ name }) => name.startsWith("LeaseService."))
          assert.deepStrictEqual(shape(own), ["work/LeaseService.acquire", "work/LeaseService.release"])
        })
    )
  }

  scenario("a renewal, which nobody has called, is part of no other span", (spans) =>
    Effect.gen(function*() {
      yield* acquired(frequent).pipe(Effect.withSpan("work"))
      const server = yield* MemoryServer
      yield* Effect.orDie(server.patch(ref, { metadata: { labels: { team: "a" } } }))
      const later = yield* spans.pipe(
        Effect.map((all) => shape(all).slice(4)),
        Effect.filterOrFail((after) => after.includes("LeaseService.verify/KubeApi.getLease")),
        Effect.retry(Schedule.spaced("10 millis"))
      )
      assert.includeMembers([...later], ["KubeApi.patchLease", "LeaseService.verify"])
      assert.isEmpty(later.filter((span) => /^(work|LeaseService.acquire)/.test(span)), later.join())
    }))

  scenario(
    "F30 C5 no span of the service shows the token, whether its requests succeed or fail",
    (spans) =>
      Effect.gen(function*() {
        const server = yield* TestApiServer
        yield* Effect.scoped(acquired(mine))
        yield* server.revokeToken(server.token)
        yield* Effect.flip(tryAcquire(mine))
        const shown = inspect((yield* spans).map((span) => span.shown), { depth: Infinity, showHidden: true })
        assert.include(shown, "Unauthorized")
        assert.notInclude(shown, server.token)
      })
  )
})
