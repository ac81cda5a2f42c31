import { layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as KubeApiMemory from "../../src/KubeApiMemory.js"
import { MemoryServer } from "../../src/KubeApiMemory.js"
import * as TestApiServer from "../../src/testing/TestApiServer.js"
import { http } from "./http.js"
import { kubeApi } from "./kubeApi.js"
import { runAll } from "./scenario.js"
import { bearer, HttpContractServer } from "./server.js"

const namespace = "default"

const serverOf = (version: KubeApiMemory.Options["version"]) =>
  Layer.scoped(
    HttpContractServer,
    Effect.gen(function*() {
      const server = yield* TestApiServer.TestApiServer
      const memory = yield* MemoryServer
      const withToken = (token: string | undefined) => bearer({ baseUrl: server.baseUrl, caCert: server.caCert, token })
      const admin = yield* withToken(server.adminToken)
      return {
        ...(yield* withToken(server.token)),
        admin,
        adminApi: admin.api,
        namespace,
        untilTheNextSecond: Effect.asVoid(
          Effect.acquireRelease(memory.setClockOffset(1000), () => memory.setClockOffset(0))
        ),
        expiredResourceVersion: Effect.as(memory.compact, "1"),
        withToken,
        withRules: (rules) =>
          Effect.flatMap(
            server.issueToken({ rules: rules.map((rule) => ({ namespace, ...rule })) }),
            withToken
          )
      }
    })
  ).pipe(Layer.provide(TestApiServer.layerWith({ namespaces: [namespace], version })))

for (const version of [undefined, "1.20"] as const) {
  layer(serverOf(version), { excludeTestServices: true })(
    `API contract: TestApiServer${version === undefined ? "" : ` as ${version}`}`,
    (it) => {
      runAll(it, HttpContractServer, kubeApi)
      runAll(it, HttpContractServer, http)
    }
  )
}
