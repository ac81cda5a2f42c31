import { assert, layer } from "@effect/vitest"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { ControlPlane } from "./ControlPlane.js"
import * as ControlPlanes from "./ControlPlane.js"
import { eventually } from "./eventually.js"

layer(ControlPlanes.layer, { excludeTestServices: true, timeout: "60 seconds" })("ControlPlane", (it) => {
  const local = it.scoped.skipIf(!ControlPlanes.isLocal)

  it.scoped("a ServiceAccount may do what its rules say, and nothing else", () =>
    Effect.gen(function*() {
      const plane = yield* ControlPlane
      const namespace = yield* plane.makeNamespace
      const serviceAccount = yield* plane.makeServiceAccount(namespace, [
        { verbs: ["create"] },
        { verbs: ["get"], resourceNames: ["mine"] }
      ])
      const token = yield* plane.makeToken(namespace, serviceAccount)
      const path = leasesOf(namespace)

      assert.strictEqual((yield* plane.request({ token, method: "POST", path, body: lease("mine") })).status, 201)
      assert.strictEqual((yield* plane.request({ token, path: `${path}/mine` })).status, 200)
      assert.strictEqual((yield* plane.request({ token, path: `${path}/other` })).status, 403)
      assert.strictEqual((yield* plane.request({ token, method: "DELETE", path: `${path}/mine` })).status, 403)

      const output = yield* plane.kubectl(["get", "lease", "mine", "-n", namespace, "-o", "name"], { token })
      assert.strictEqual(output, "lease.coordination.k8s.io/mine\n")
      const error = yield* Effect.flip(plane.kubectl(["get", "secrets", "-n", namespace], { token }))
      assert.include(error.stderr, `system:serviceaccount:${namespace}:${serviceAccount}`)
    }))

  it.scoped("a ServiceAccount without rules may do nothing", () =>
    Effect.gen(function*() {
      const plane = yield* ControlPlane
      const namespace = yield* plane.makeNamespace
      const token = yield* plane.makeToken(namespace, yield* plane.makeServiceAccount(namespace, []))
      assert.strictEqual((yield* plane.request({ token, path: `${leasesOf(namespace)}/any` })).status, 403)
    }))

  it.scoped("a revoked token and a made-up one are answered 401, a second token of the same ServiceAccount is not", () =>
    Effect.gen(function*() {
      const plane = yield* ControlPlane
      const namespace = yield* plane.makeNamespace
      const serviceAccount = yield* plane.makeServiceAccount(namespace, [{ verbs: ["get"] }])
      const { revoke, token } = yield* plane.makeRevocableToken(namespace, serviceAccount)
      const other = yield* plane.makeToken(namespace, serviceAccount, { expirationSeconds: 600 })
      const path = `${leasesOf(namespace)}/any`
      assert.strictEqual((yield* plane.request({ token, path })).status, 404)

      yield* revoke

      assert.strictEqual((yield* plane.request({ token, path })).status, 401)
      assert.strictEqual((yield* plane.request({ token: other, path })).status, 404)
      assert.strictEqual((yield* plane.request({ token: "made-up", path })).status, 401)
    }))

  local("every request for a lease is counted once, by user and verb", () =>
    Effect.gen(function*() {
      const plane = yield* ControlPlane
      const servers = yield* plane.local
      const namespace = yield* plane.makeNamespace
      const serviceAccount = yield* plane.makeServiceAccount(namespace, [{ verbs: ["get", "create", "watch"] }])
      const token = yield* plane.makeToken(namespace, serviceAccount)
      const path = leasesOf(namespace)

      yield* plane.request({ token, path: `${path}/any` })
      yield* plane.request({ token, method: "POST", path, body: lease("any") })
      yield* plane.request({ token, method: "DELETE", path: `${path}/any` })
      yield* plane.request({ token, path: watchOf(path, "any", 1) })

      const requests = yield* eventually(servers.leaseRequests(namespace), ({ length }) => length >= 4)
      const username = `system:serviceaccount:${namespace}:${serviceAccount}`
      assert.deepStrictEqual(requests.map(({ code, name, user, verb }) => ({ user, verb, name, code })), [
        { user: username, verb: "get", name: "any", code: 404 },
        { user: username, verb: "create", name: "any", code: 201 },
        { user: username, verb: "delete", name: "any", code: 403 },
        { user: username, verb: "watch", name: "any", code: 200 }
      ])
    }))

  local("a killed API server comes back on the same port with the same data", () =>
    Effect.gen(function*() {
      const plane = yield* ControlPlane
      const servers = yield* plane.local
      const namespace = yield* plane.makeNamespace
      const token = yield* plane.makeToken(
        namespace,
        yield* plane.makeServiceAccount(namespace, [{ verbs: ["get", "create"] }])
      )
      const path = leasesOf(namespace)
      const created = yield* plane.request({ token, method: "POST", path, body: lease("any") })

      yield* servers.stopApiServer("SIGKILL")
      const error = yield* Effect.flip(plane.request({ token, path: `${path}/any` }))
      assert.include(error.message, "ECONNREFUSED")

      yield* servers.startApiServer
      const read = yield* plane.request({ token, path: `${path}/any` })
      assert.strictEqual(read.status, 200)
      assert.deepStrictEqual(JSON.parse(read.body), JSON.parse(created.body))
    }))

  local("a paused API server takes connections and answers when it is resumed", () =>
    Effect.gen(function*() {
      const plane = yield* ControlPlane
      const servers = yield* plane.local
      const namespace = yield* plane.makeNamespace
      const token = yield* plane.makeToken(namespace, yield* plane.makeServiceAccount(namespace, []))
      const read = plane.request({ token, path: `${leasesOf(namespace)}/any` })

      yield* servers.pauseApiServer
      const waiting = yield* Effect.fork(read)
      assert.isTrue(Option.isNone(yield* Effect.timeoutOption(read, "500 millis")))
      yield* servers.resumeApiServer
      assert.strictEqual((yield* Fiber.join(waiting)).status, 403)
    }))

  local("nothing is left of a control plane whose scope has closed", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const context = yield* Layer.buildWithScope(ControlPlanes.layer, scope)
      const { folder } = yield* Context.get(context, ControlPlane).local
      const pids = readdirSync(folder).filter((file) => file.endsWith(".pid"))
        .map((file) => Number(readFileSync(join(folder, file), "utf8")))
      assert.strictEqual(pids.length, 2)
      assert.isTrue(pids.every(isAlive))

      yield* Scope.close(scope, Exit.void)

      assert.isFalse(existsSync(folder))
      yield* eventually(Effect.sync(() => pids.filter(isAlive)), (alive) => alive.length === 0)
    }))

  local("KUBECONFIG names a cluster to use", () =>
    Effect.gen(function*() {
      const plane = yield* ControlPlane
      const { kubeconfig } = yield* plane.local
      const kubectl = join(process.env["KUBEBUILDER_ASSETS"] ?? "", "kubectl")

      const existing = yield* Layer.build(ControlPlanes.layerKubeconfig(kubeconfig, kubectl)).pipe(
        Effect.map(Context.get(ControlPlane))
      )
      assert.isTrue(Option.isNone(existing.local))
      assert.strictEqual(existing.baseUrl, plane.baseUrl)

      const used = yield* Effect.scoped(Effect.gen(function*() {
        const namespace = yield* existing.makeNamespace
        const serviceAccount = yield* existing.makeServiceAccount(namespace, [{ verbs: ["create"] }])
        const token = yield* existing.makeToken(namespace, serviceAccount)
        const created = yield* existing.request({
          token,
          method: "POST",
          path: leasesOf(namespace),
          body: lease("any")
        })
        assert.strictEqual(created.status, 201)
        return namespace
      }))
      const phase = yield* existing.kubectl(["get", "namespace", used, "-o", "jsonpath={.status.phase}"])
      assert.strictEqual(phase, "Terminating")
    }))

  it.scoped("an environment that names no control plane is told what to do, in one line", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(Layer.build(ControlPlanes.layer)).pipe(
        Effect.withConfigProvider(ConfigProvider.fromMap(new Map()))
      )
      assert.instanceOf(error, ControlPlanes.NoControlPlane)
      assert.match(
        String(error.message),
        /^[^\n]*KUBEBUILDER_ASSETS[^\n]*install-control-plane.sh[^\n]*KUBECONFIG[^\n]*$/
      )
    }))
})

const leasesOf = (namespace: string) => `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`

const watchOf = (leases: string, name: string, seconds: number) =>
  `${leases}?watch=1&fieldSelector=metadata.name%3D${name}&timeoutSeconds=${seconds}`

const lease = (name: string) => ({ apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata: { name } })

const isAlive = (pid: number) => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
