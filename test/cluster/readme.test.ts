import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { KubernetesLease } from "../../src/KubernetesLease.js"
import { readmeBlocks, readmeCode } from "../readme/blocks.js"
import { ControlPlane } from "./ControlPlane.js"
import * as ControlPlanes from "./ControlPlane.js"
import * as Rbac from "./Rbac.js"

layer(ControlPlanes.layer, { excludeTestServices: true, timeout: "60 seconds" })("the README's Deployment", (it) => {
  it.scoped("is what the server takes, without a field that it does not know", () =>
    Effect.gen(function*() {
      const { kubectl, makeNamespace } = yield* ControlPlane
      const namespace = yield* makeNamespace
      // Dry, for in a cluster with controllers its pods would be started.
      const applied = yield* kubectl(["apply", "-n", namespace, "-f", "-", "--dry-run=server"], { stdin: manifest })
      assert.match(applied, /^deployment.apps\/my-app created/)
    }))

  it.effect("names every variable that the examples for a pod read", () =>
    Effect.gen(function*() {
      const { containers } = yield* podSpec
      const named = containers.flatMap(({ env }) => env.map(({ name }) => name))
      const read = readmeBlocks.flatMap(({ code }) =>
        [...code.matchAll(/process\.env\.(\w+)/g)].map(([, name]) => name)
      )
      assert.includeMembers(named, ["POD_NAMESPACE", ...new Set(read)])
    }))

  it.scoped("gives its pods a ServiceAccount that can hold a lease, once rbac/ has been applied", () =>
    Effect.gen(function*() {
      const { baseUrl, caCert, makeNamespace, makeToken } = yield* ControlPlane
      const namespace = yield* makeNamespace
      yield* Rbac.apply(Rbac.folder, namespace)
      const { serviceAccountName } = yield* podSpec
      const lease = new KubernetesLease({
        namespace,
        name: "my-lease",
        owner: "my-app-1",
        ttlMs: 30_000,
        apiBaseUrl: baseUrl,
        caCert,
        serviceAccountToken: yield* makeToken(namespace, serviceAccountName)
      })
      assert.isTrue(yield* Effect.promise(() => lease.acquire()))
      assert.isTrue(yield* Effect.promise(() => lease.verify()))
      yield* Effect.promise(() => lease.release())
    }))
})

const manifest = readmeCode("deployment", "yaml")

const Deployment = Schema.parseJson(Schema.Struct({
  spec: Schema.Struct({
    template: Schema.Struct({
      spec: Schema.Struct({
        serviceAccountName: Schema.String,
        containers: Schema.Array(Schema.Struct({
          env: Schema.Array(Schema.Struct({
            name: Schema.String,
            valueFrom: Schema.Struct({ fieldRef: Schema.Struct({ fieldPath: Schema.String }) })
          }))
        }))
      })
    })
  })
}))

const podSpec = Effect.flatMap(
  ControlPlane,
  ({ kubectl }) => kubectl(["create", "-f", "-", "--dry-run=client", "-o", "json"], { stdin: manifest })
).pipe(
  Effect.flatMap(Schema.decode(Deployment)),
  Effect.map(({ spec }) => spec.template.spec)
)
