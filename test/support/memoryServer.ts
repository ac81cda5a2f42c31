import { it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import { KubeApi } from "../../src/KubeApi.js"
import * as KubeApiMemory from "../../src/KubeApiMemory.js"
import type { KubeError } from "../../src/KubeError.js"
import type { LeaseSpec, WatchEvent } from "../../src/LeaseObject.js"
import { microTimeFromMillis } from "../../src/LeaseObject.js"

export const ref = { namespace: "default", name: "leader" }
export const spec: LeaseSpec = {
  holderIdentity: "a",
  leaseDurationSeconds: 30,
  acquireTime: microTimeFromMillis(0),
  renewTime: microTimeFromMillis(0),
  leaseTransitions: 0
}
export const metadata = { name: ref.name }

export const { MemoryServer } = KubeApiMemory

export const test = (
  title: string,
  body: Effect.Effect<void, KubeError, KubeApi | KubeApiMemory.MemoryServer>,
  options: KubeApiMemory.Options = {}
) => it.effect(title, () => Effect.provide(body, KubeApiMemory.layerWith(options)))

export const create = Effect.flatMap(KubeApi, (api) => api.createLease({ metadata: ref, spec }))

const describeError = (error: KubeError) => ({
  tag: error._tag,
  ...("status" in error ? { status: error.status, reason: error.reason } : {}),
  ...("causes" in error ? { causes: error.causes.map(({ field }) => field) } : {})
})

export const errorOf = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.orDie(Effect.flip(effect))

export const failure = <A>(effect: Effect.Effect<A, KubeError>) => Effect.map(errorOf(effect), describeError)

const shown = (event: WatchEvent): string =>
  event._tag === "Bookmark"
    ? `Bookmark ${event.resourceVersion}`
    : `${event._tag} ${event.lease.metadata.resourceVersion}`

/** A watch that has started when this returns. */
export const watching = (resourceVersion: string, events: number) =>
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
export const at = (json: unknown, ...path: ReadonlyArray<string | number>): unknown =>
  path.reduce<unknown>(
    (inner, key) =>
      typeof inner === "object" && inner !== null
        ? Object.entries(inner).find(([k]) => k === String(key))?.[1]
        : undefined,
    json
  )
