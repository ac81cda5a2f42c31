import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as https from "node:https"
import type { AddressInfo } from "node:net"
import { assert } from "vitest"
import { KubeApi, layer } from "../../../src/KubeApi.js"
import type { Endpoint } from "../../../src/KubeCredentials.js"
import { KubeCredentials } from "../../../src/KubeCredentials.js"
import { CredentialsError } from "../../../src/KubeError.js"
import { makeCa } from "../../support/certificateAuthority.js"

const ref = { namespace: "default", name: "leader" }
const lease = {
  apiVersion: "coordination.k8s.io/v1",
  kind: "Lease",
  metadata: { ...ref, uid: "u", resourceVersion: "1" },
  spec: {}
}

/** Takes one token, under a certificate of one CA; both can be replaced. */
const server = Effect.gen(function*() {
  const [before, after] = [yield* makeCa("before"), yield* makeCa("after")]
  let requests = 0
  let token = "good"
  const listener = https.createServer(before.leaf, (request, response) => {
    requests += 1
    const isTaken = request.headers.authorization === `Bearer ${token}`
    response.writeHead(isTaken ? 200 : 401, { "content-type": "application/json" })
    response.end(JSON.stringify(isTaken ? lease : { kind: "Status", code: 401, reason: "Unauthorized" }))
  })
  yield* Effect.acquireRelease(
    Effect.async<void>((resume) => void listener.listen(0, "127.0.0.1", () => resume(Effect.void))),
    () =>
      Effect.async<void>((resume) => {
        listener.closeAllConnections()
        listener.close(() => resume(Effect.void))
      })
  )
  const baseUrl = `https://127.0.0.1:${(listener.address() as AddressInfo).port}`
  return {
    endpoint: (token: string, caCert = before.certificate): Endpoint => ({
      baseUrl,
      token: Redacted.make(token),
      caCert
    }),
    newCa: after.certificate,
    requests: () => requests,
    takeOnly: (next: string) => {
      token = next
    },
    replaceCa: () => {
      listener.setSecureContext(after.leaf)
      listener.closeAllConnections()
    }
  }
})

/** Credentials in the hands of the test. */
const heldBy = (present: () => Endpoint, refreshed: () => Effect.Effect<Endpoint, CredentialsError>) => {
  let refreshes = 0
  const credentials = Layer.succeed(KubeCredentials, {
    get: Effect.sync(present),
    refresh: Effect.suspend(() => {
      refreshes += 1
      return refreshed()
    })
  })
  return {
    refreshes: () => refreshes,
    get: Effect.flatMap(KubeApi, ({ getLease }) => getLease(ref)).pipe(
      Effect.provide(Layer.provide(layer, credentials))
    )
  }
}

const away = new CredentialsError({ message: "away" })

describe("C2 R5 what the server refuses, or what refuses the server", () => {
  it.scopedLive("F14 a 401 reads the credentials anew and repeats the request once", () =>
    Effect.gen(function*() {
      const { endpoint, requests } = yield* server
      const good = heldBy(() => endpoint("old"), () => Effect.succeed(endpoint("good")))
      assert.strictEqual((yield* good.get).metadata.name, ref.name)
      assert.deepStrictEqual([requests(), good.refreshes()], [2, 1])
      const bad = heldBy(() => endpoint("old"), () => Effect.succeed(endpoint("old")))
      assert.strictEqual((yield* Effect.flip(bad.get))._tag, "Unauthorized")
      assert.deepStrictEqual([requests(), bad.refreshes()], [4, 1])
    }))

  it.scopedLive("F14 others that have read anew meanwhile are not asked to read again", () =>
    Effect.gen(function*() {
      const { endpoint, requests } = yield* server
      let reads = 0
      const { get, refreshes } = heldBy(() => endpoint(++reads === 1 ? "old" : "good"), () => Effect.fail(away))
      yield* get
      assert.deepStrictEqual([requests(), refreshes()], [2, 0])
    }))

  it.scopedLive("F46 a failed handshake reads the CA anew and repeats the request once", () =>
    Effect.gen(function*() {
      const { endpoint, newCa, replaceCa, requests } = yield* server
      const { get, refreshes } = heldBy(() => endpoint("good"), () => Effect.succeed(endpoint("good", newCa)))
      yield* get
      replaceCa()
      yield* get
      assert.deepStrictEqual([requests(), refreshes()], [2, 1])
    }))

  it.scopedLive("F46 a handshake that fails twice, or whose CA cannot be read, says what failed", () =>
    Effect.gen(function*() {
      const { endpoint, replaceCa, requests } = yield* server
      replaceCa()
      for (const refreshed of [Effect.succeed(endpoint("good")), Effect.fail(away)]) {
        const { get, refreshes } = heldBy(() => endpoint("good"), () => refreshed)
        const error = yield* Effect.flip(get)
        assert.deepInclude(error, { _tag: "Transient", kind: "Tls" })
        assert.strictEqual(refreshes(), 1)
      }
      assert.strictEqual(requests(), 0)
    }))

  it.scopedLive("R5 what fails otherwise reads nothing anew", () =>
    Effect.gen(function*() {
      const { get, refreshes } = heldBy(
        () => ({ baseUrl: "https://127.0.0.1:9", token: Redacted.make("t") }),
        () => Effect.fail(away)
      )
      assert.deepInclude(yield* Effect.flip(get), { _tag: "Transient", kind: "Connect" })
      assert.strictEqual(refreshes(), 0)
    }))

  it.scopedLive("F48 an intermediate CA is trusted without its root, another CA is not", () =>
    Effect.gen(function*() {
      const root = yield* makeCa("root")
      const intermediate = yield* makeCa("intermediate", root)
      const other = yield* makeCa("other")
      const listener = https.createServer(
        { ...intermediate.leaf, cert: intermediate.leaf.cert + intermediate.certificate },
        (_, response) => response.setHeader("content-type", "application/json").end(JSON.stringify(lease))
      )
      yield* Effect.acquireRelease(
        Effect.async<void>((resume) => void listener.listen(0, "127.0.0.1", () => resume(Effect.void))),
        () =>
          Effect.sync(() => {
            listener.closeAllConnections()
            listener.close()
          })
      )
      const baseUrl = `https://127.0.0.1:${(listener.address() as AddressInfo).port}`
      const get = (caCert: string) => {
        const endpoint = { baseUrl, caCert, token: Redacted.make("t") }
        return heldBy(() => endpoint, () => Effect.succeed(endpoint)).get
      }
      yield* get(intermediate.certificate)
      yield* get(intermediate.certificate + root.certificate)
      yield* get(root.certificate)
      assert.deepInclude(yield* Effect.flip(get(other.certificate)), { kind: "Tls" })
    }))
})
