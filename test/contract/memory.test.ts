import { layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { KubeApi } from "../../src/KubeApi.js"
import * as KubeApiMemory from "../../src/KubeApiMemory.js"
import { kubeApi } from "./kubeApi.js"
import { runAll } from "./scenario.js"
import { ContractServer } from "./server.js"

const namespace = "default"

for (const expiredWatch of ["event", "status"] as const) {
  const server = Layer.effect(
    ContractServer,
    Effect.gen(function*() {
      const api = yield* KubeApi
      const memory = yield* KubeApiMemory.MemoryServer
      return { api, adminApi: api, namespace, expiredResourceVersion: Effect.as(memory.compact, "1") }
    })
  ).pipe(Layer.provide(KubeApiMemory.layerWith({ namespaces: [namespace], expiredWatch })))

  // Real servers have no clock that a test could move, so neither have these.
  layer(server, { excludeTestServices: true })(
    `KubeApi contract: KubeApiMemory, expiredWatch ${expiredWatch}`,
    (it) => {
      runAll(it, ContractServer, kubeApi)
    }
  )
}
