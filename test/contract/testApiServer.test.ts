import { layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { MemoryServer } from "../../src/KubeApiMemory.js"
import * as TestApiServer from "../../src/testing/TestApiServer.js"
import { http } from "./http.js"
import { kubeApi } from "./kubeApi.js"
import { runAll } from "./scenario.js"
import type { Version } from "./server.js"
import { bearer, HttpContractServer } from "./server.js"
import { time } from "./time.js"

const namespace = "default"

const serverOf = (version: Version) =>
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
        version,
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
  ).pipe(Layer.provide(TestApiServer.layerWith({ namespaces: [namespace], ...version })))

layer(serverOf({ managedFieldsTime: "everyChange" }), { excludeTestServices: true })(
  "API contract: TestApiServer",
  (it) => {
    runAll(it, HttpContractServer, kubeApi)
    runAll(it, HttpContractServer, http)
  }
)

layer(serverOf({ managedFieldsTime: "ownershipChange" }), { excludeTestServices: true })(
  "API contract: TestApiServer as before 1.25",
  (it) => {
    runAll(it, HttpContractServer, time)
  }
)
