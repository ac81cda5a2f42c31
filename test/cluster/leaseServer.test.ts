import { describe, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { http } from "../contract/http.js"
import { kubeApi } from "../contract/kubeApi.js"
import { named, pathOf, post, runAll } from "../contract/scenario.js"
import type { Rule } from "../contract/server.js"
import { bearer, HttpContractServer } from "../contract/server.js"
import { LeaseServer } from "./LeaseServer.js"
import * as LeaseServers from "./LeaseServer.js"

const server = Layer.scoped(
  HttpContractServer,
  Effect.gen(function*() {
    const { adminToken, baseUrl, caCert, issueToken, namespace, restart } = yield* LeaseServer
    const withToken = (token: string | undefined) => bearer({ baseUrl, caCert, token })
    const withRules = (rules: ReadonlyArray<Rule>) => Effect.flatMap(issueToken(rules), withToken)
    const admin = yield* withToken(adminToken)

    // A watch cache knows nothing from before its server's start.
    yield* admin.send(post(pathOf(namespace), named("before-the-start")))
    yield* restart

    return {
      ...(yield* withRules([{ verbs: ["get", "list", "watch", "create", "update", "patch", "delete"] }])),
      admin,
      adminApi: admin.api,
      namespace,
      untilTheNextSecond: Effect.sleep("1100 millis"),
      expiredResourceVersion: Effect.succeed("1"),
      withRules,
      withToken
    } as const
  })
).pipe(Layer.provide(LeaseServers.layer(LeaseServers.programs)))

describe.skipIf(LeaseServers.programs === "")("on the library of a current Kubernetes", () => {
  layer(server, { excludeTestServices: true, timeout: "60 seconds" })("API contract: LeaseServer", (it) => {
    runAll(it, HttpContractServer, kubeApi)
    runAll(it, HttpContractServer, http)
  })
})
