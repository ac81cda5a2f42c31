import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import { KubeApi } from "../../KubeApi.js"
import * as KubeApiMemory from "../../KubeApiMemory.js"
import { withExactDurations } from "../base/exactDurations.js"
import * as WallClock from "../base/wallClock.js"
import * as EngineLayer from "../protocol/layer.js"
import type { Limits } from "../settings/resolve.js"
import { longestDefaultAcquireTimeoutMillis } from "../settings/resolve.js"
import { aborted } from "./aborting.js"
import { Connection } from "./connection.js"
import { forgetAllOn } from "./holdings.js"

/** Neither whole seconds nor a network have to be allowed for. */
export const memoryLimits: Limits = {
  minTtlMillis: 10,
  minRequestTimeoutMillis: 1,
  durationSecondsOf: (ttlMillis) => ttlMillis / 1000,
  // The first acquire of a process warms the engine up, which outlasts a short ttl: what is answered too late for the
  // ttl is tried again, until the time is up.
  defaultAcquireTimeoutMillis: () => longestDefaultAcquireTimeoutMillis,
  defaultAcquireRetries: 40
}

const server = "memory:"

/** A watch begins where a read has just ended, and reads again if that is forgotten already. */
const rememberedEvents = 100

const runtime = ManagedRuntime.make(
  EngineLayer.layer.pipe(
    Layer.provide(Layer.effect(KubeApi, Effect.map(KubeApi, withExactDurations))),
    Layer.provideMerge(KubeApiMemory.layerWith({ watchCacheSize: rememberedEvents })),
    Layer.provideMerge(Layer.setClock(WallClock.make()))
  )
)

/** The one store of this process. */
export const memoryConnection = new Connection({
  server: () => server,
  runtime,
  onUse: () => () => undefined,
  ending: () => untilReset.signal
})

let untilReset = new AbortController()

/** As if no lease had ever been acquired. Those who hold or acquire are told before it returns. */
export const resetMemory = (): void => {
  const former = untilReset
  untilReset = new AbortController()
  former.abort(aborted("InMemoryLease.reset() was called"))
  forgetAllOn(server)
  runtime.runSync(Effect.gen(function*() {
    const store = yield* KubeApiMemory.MemoryServer
    // Nobody who waits is shown a deletion, which would count as if the record still stood (W1).
    yield* store.endWatches
    for (const { metadata: { namespace } } of yield* store.list) {
      yield* store.deleteNamespace(namespace)
      yield* store.createNamespace(namespace)
    }
  }))
}
