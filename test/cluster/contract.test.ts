import { layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { http } from "../contract/http.js"
import { kubeApi } from "../contract/kubeApi.js"
import { runAll } from "../contract/scenario.js"
import type { Rule } from "../contract/server.js"
import { bearer, HttpContractServer } from "../contract/server.js"
import { ControlPlane } from "./ControlPlane.js"
import * as ControlPlanes from "./ControlPlane.js"
import { eventually } from "./eventually.js"

const server = Layer.scoped(
  HttpContractServer,
  Effect.gen(function*() {
    const plane = yield* ControlPlane
    const namespace = yield* plane.makeNamespace

    const withToken = (token: string | undefined) => bearer({ baseUrl: plane.baseUrl, caCert: plane.caCert, token })
    const withRules = (rules: ReadonlyArray<Rule>) =>
      plane.makeServiceAccount(namespace, rules).pipe(
        Effect.flatMap((serviceAccount) => plane.makeToken(namespace, serviceAccount)),
        Effect.flatMap(withToken)
      )

    // By a binding rather than with the credentials of the kubeconfig, which need be no token.
    const adminAccount = yield* plane.makeServiceAccount(namespace, [])
    const binding = ["clusterrolebinding", adminAccount]
    yield* Effect.acquireRelease(
      plane.kubectl([
        "create",
        ...binding,
        "--clusterrole=cluster-admin",
        `--serviceaccount=${namespace}:${adminAccount}`
      ]),
      () => Effect.ignoreLogged(plane.kubectl(["delete", ...binding, "--wait=false"]))
    )
    const admin = yield* withToken(yield* plane.makeToken(namespace, adminAccount))
    yield* eventually(admin.send({ path: "/api/v1/nodes" }), ({ status }) => status === 200)

    // A watch cache knows nothing from before its server's start.
    if (Option.isSome(plane.local)) {
      yield* plane.local.value.stopApiServer("SIGKILL")
      yield* plane.local.value.startApiServer
    }

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
).pipe(Layer.provideMerge(ControlPlanes.layer))

layer(server, { excludeTestServices: true, timeout: "3 minutes" })("API contract: kube-apiserver", (it) => {
  runAll(it, HttpContractServer, kubeApi)
  runAll(it, HttpContractServer, http)
})
