import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { readdirSync, readFileSync } from "node:fs"
import { basename, dirname, join } from "node:path"
import { ControlPlane } from "./ControlPlane.js"
import * as ControlPlanes from "./ControlPlane.js"
import { eventually } from "./eventually.js"
import * as Rbac from "./Rbac.js"

const isManifest = (file: string) => file.endsWith(".yaml")
const isKustomization = (file: string) => basename(file) === "kustomization.yaml"
const writeVerbs = ["get", "create", "update", "patch", "delete", "watch"]

layer(ControlPlanes.layer, { excludeTestServices: true, timeout: "60 seconds" })("rbac", (it) => {
  for (const file of readdirSync(Rbac.folder, { recursive: true, encoding: "utf8" }).filter(isManifest)) {
    it.effect(`rbac/${file} applies as it is`, () =>
      Effect.gen(function*() {
        const { kubectl } = yield* ControlPlane
        const path = join(Rbac.folder, file)
        const applied = isKustomization(file) ? ["-k", dirname(path)] : ["-f", "-"]
        // Dry, because the cluster may be one that is in use.
        const output = yield* kubectl(["apply", ...applied, "--dry-run=server"], { stdin: yield* servedManifest(path) })
        if (file.endsWith("flow-schema.yaml")) {
          assert.match(output, /flowschema.flowcontrol.apiserver.k8s.io\/kubernetes-lease/)
        } else {
          assert.match(output, /serviceaccount\/kubernetes-lease/)
          assert.match(output, /role.rbac.authorization.k8s.io\/kubernetes-lease/)
          assert.match(output, /rolebinding.rbac.authorization.k8s.io\/kubernetes-lease/)
        }
      }))
  }

  it.scoped("rbac lets its ServiceAccount do what the library does with any lease of the namespace", () =>
    Effect.gen(function*() {
      const { mayI, namespace, request } = yield* bearerOf(Rbac.folder)
      const leases = leasesOf(namespace)

      for (const verb of writeVerbs) {
        assert.isTrue(yield* mayI(verb, "leases.coordination.k8s.io/any"), verb)
      }

      assert.strictEqual((yield* request("POST", leases, lease("any"))).status, 201)
      assert.strictEqual((yield* request("GET", `${leases}/any`)).status, 200)
      assert.strictEqual((yield* request("PATCH", `${leases}/any`, { spec: { holderIdentity: "b" } })).status, 200)
      assert.strictEqual((yield* request("GET", watchOf(leases, "any"))).status, 200)
      assert.strictEqual((yield* request("DELETE", `${leases}/any`)).status, 200)
    }))

  it.scoped("rbac lets its ServiceAccount do nothing else", () =>
    Effect.gen(function*() {
      const { mayI, namespace, request } = yield* bearerOf(Rbac.folder)

      for (const verb of ["list", "deletecollection"]) {
        assert.isFalse(yield* mayI(verb, "leases.coordination.k8s.io"), verb)
      }
      for (const resource of ["secrets", "pods", "configmaps"]) {
        assert.isFalse(yield* mayI("get", resource), resource)
      }
      assert.strictEqual((yield* request("GET", leasesOf(namespace))).status, 403)
      assert.strictEqual((yield* request("GET", `/api/v1/namespaces/${namespace}/secrets`)).status, 403)
      assert.strictEqual((yield* request("GET", `${leasesOf("kube-system")}/any`)).status, 403)
      assert.strictEqual((yield* request("POST", leasesOf("kube-system"), lease("any"))).status, 403)
    }))

  it.scoped("a binding with `roleBinding` in the place of `roleRef` is refused", () =>
    Effect.gen(function*() {
      const { kubectl, makeNamespace } = yield* ControlPlane
      const namespace = yield* makeNamespace
      const manifest = {
        apiVersion: "rbac.authorization.k8s.io/v1",
        kind: "RoleBinding",
        metadata: { namespace, name: "kubernetes-lease" },
        roleBinding: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "kubernetes-lease" },
        subjects: [{ kind: "ServiceAccount", namespace, name: "kubernetes-lease" }]
      }
      const refused = yield* Effect.flip(
        kubectl(["create", "--validate=false", "-f", "-"], { stdin: JSON.stringify(manifest) })
      )
      assert.match(refused.stderr, /roleRef/)
    }))

  it.scoped("rbac/restricted lets its ServiceAccount use the lease that it names", () =>
    Effect.gen(function*() {
      const { mayI, namespace, request } = yield* bearerOf(join(Rbac.folder, "restricted"))
      const leases = leasesOf(namespace)

      for (const verb of writeVerbs) {
        assert.isTrue(yield* mayI(verb, "leases.coordination.k8s.io/my-lease"), verb)
      }

      assert.strictEqual((yield* request("POST", leases, lease("my-lease"))).status, 201)
      assert.strictEqual((yield* request("GET", `${leases}/my-lease`)).status, 200)
      assert.strictEqual((yield* request("PATCH", `${leases}/my-lease`, { spec: { holderIdentity: "b" } })).status, 200)
      assert.strictEqual((yield* request("GET", watchOf(leases, "my-lease"))).status, 200)
      assert.strictEqual((yield* request("DELETE", `${leases}/my-lease`)).status, 200)
    }))

  it.scoped("rbac/restricted lets its ServiceAccount create other leases, but not read or change them", () =>
    Effect.gen(function*() {
      const { mayI, namespace, request } = yield* bearerOf(join(Rbac.folder, "restricted"))
      const leases = leasesOf(namespace)

      for (const verb of ["get", "update", "patch", "delete", "watch"]) {
        assert.isFalse(yield* mayI(verb, "leases.coordination.k8s.io/other"), verb)
        assert.isFalse(yield* mayI(verb, "leases.coordination.k8s.io"), `${verb} all`)
      }

      assert.strictEqual((yield* request("POST", leases, lease("other"))).status, 201)
      assert.strictEqual((yield* request("GET", `${leases}/other`)).status, 403)
      assert.strictEqual((yield* request("PATCH", `${leases}/other`, { spec: { holderIdentity: "b" } })).status, 403)
      assert.strictEqual((yield* request("GET", watchOf(leases, "other"))).status, 403)
      assert.strictEqual((yield* request("GET", `${leases}?watch=1&timeoutSeconds=1`)).status, 403)
      assert.strictEqual((yield* request("DELETE", `${leases}/other`)).status, 403)
    }))

  it.scoped("rbac/flow-schema.yaml gives the ServiceAccount's lease requests the priority of leader election", () =>
    Effect.gen(function*() {
      const { kubectl } = yield* ControlPlane
      const { namespace, request } = yield* bearerOf(Rbac.folder)
      const leases = leasesOf(namespace)
      const flowSchema = yield* applyFlowSchema(namespace)
      const priorityLevel = yield* kubectl(["get", "prioritylevelconfiguration", "leader-election", "-o", "json"]).pipe(
        Effect.flatMap(decodeObject)
      )

      yield* request("POST", leases, lease("any"))
      const patch = request("PATCH", `${leases}/any`, { spec: { holderIdentity: "b" } })

      // The server's dispatcher takes a new schema up by itself, a little later.
      const patched = yield* eventually(
        patch,
        ({ headers }) => headers["x-kubernetes-pf-flowschema-uid"] === flowSchema.metadata.uid
      )
      assert.strictEqual(patched.status, 200)
      assert.strictEqual(patched.headers["x-kubernetes-pf-prioritylevel-uid"], priorityLevel.metadata.uid)

      const deleted = yield* request("DELETE", `${leases}/any`)
      assert.strictEqual(deleted.headers["x-kubernetes-pf-flowschema-uid"], flowSchema.metadata.uid)
    }))
})

const leasesOf = (namespace: string) => `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`

const watchOf = (leases: string, name: string) =>
  `${leases}?watch=1&fieldSelector=metadata.name%3D${name}&timeoutSeconds=1`

const lease = (name: string) => ({
  apiVersion: "coordination.k8s.io/v1",
  kind: "Lease",
  metadata: { name },
  spec: { holderIdentity: "a" }
})

/** Applies a kustomize folder to a new namespace, and acts as its ServiceAccount. */
const bearerOf = Effect.fnUntraced(function*(folder: string) {
  const plane = yield* ControlPlane
  const namespace = yield* plane.makeNamespace
  const token = yield* Rbac.apply(folder, namespace)
  return {
    namespace,
    request: (method: "GET" | "POST" | "PATCH" | "DELETE", path: string, body?: object) =>
      plane.request({ token, method, path, body }),
    mayI: (verb: string, resource: string) => Rbac.mayI(namespace, token, verb, resource)
  }
})

/** In the newest version that the server has of those that the file names. */
const servedManifest = Effect.fnUntraced(function*(file: string) {
  const { kubectl } = yield* ControlPlane
  const served = (yield* kubectl(["api-versions"])).split("\n")
  const flowControl = ["v1", "v1beta3", "v1beta2", "v1beta1"]
    .map((version) => `flowcontrol.apiserver.k8s.io/${version}`)
    .find((version) => served.includes(version))
  return readFileSync(file, "utf8").replace(/^apiVersion: flowcontrol.*/m, `apiVersion: ${flowControl}`)
})

/** With a name of its own, since it holds for the whole cluster. */
const applyFlowSchema = Effect.fnUntraced(function*(namespace: string) {
  const { kubectl } = yield* ControlPlane
  const manifest = (yield* servedManifest(join(Rbac.folder, "flow-schema.yaml")))
    .replace(/^  name: .*/m, `  name: ${namespace}`)
    .replace("namespace: default", `namespace: ${namespace}`)
  return yield* Effect.acquireRelease(
    Effect.flatMap(kubectl(["create", "-f", "-", "-o", "json"], { stdin: manifest }), decodeObject),
    () => Effect.ignoreLogged(kubectl(["delete", "flowschema", namespace]))
  )
})

const decodeObject = Schema.decode(
  Schema.parseJson(Schema.Struct({ metadata: Schema.Struct({ uid: Schema.String }) }))
)
