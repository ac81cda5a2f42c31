/**
 * An API server in memory, for tests: `KubeApi` with the semantics of a real one, without a cluster, and at thousands
 * of requests a second.
 *
 * ```ts
 * const Test = LeaseService.layer.pipe(Layer.provideMerge(KubeApiMemory.layer))
 * ```
 *
 * It keeps resourceVersions, uids, `managedFields`, preconditions, finalizers, watches and compaction as a
 * kube-apiserver does, and refuses what that refuses, with the same errors. Its clock is Effect's `Clock`, so a
 * `TestClock` owns it; its uids come from a seed that it takes from Effect's `Random` when it is built.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ApiServer from "./internal/memory/apiServer.js"
import * as MemoryApi from "./internal/memory/kubeApi.js"
import type { Options } from "./internal/memory/memoryApi.js"
import { MemoryServer } from "./internal/memory/memoryApi.js"
import { makeMemoryServer, settingsFrom } from "./internal/memory/memoryServer.js"
import { KubeApi } from "./KubeApi.js"

export type { LeaseJson, Options } from "./internal/memory/memoryApi.js"
export { MemoryServer }

/**
 * Any JSON value.
 *
 * @since 0.1.0
 * @category models
 */
export type { Json, JsonObject } from "./internal/memory/json.js"

/**
 * A server of its own for each build of the layer, in which every namespace exists.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<KubeApi | MemoryServer> = Layer.suspend(() => layerWith({}))

/**
 * @since 0.1.0
 * @category layers
 */
export const layerWith = (options: Options): Layer.Layer<KubeApi | MemoryServer> =>
  Layer.effectContext(Effect.map(
    ApiServer.make(settingsFrom(options)),
    (server) =>
      Context.make(KubeApi, MemoryApi.make(server, options.fieldManager ?? "kubernetes-lease")).pipe(
        Context.add(MemoryServer, makeMemoryServer(server))
      )
  ))
