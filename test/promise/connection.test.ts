import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it } from "vitest"
import { WeakValues } from "../../src/internal/base/weakValues.js"
import { normalUrl, serverOf } from "../../src/internal/credentials/baseUrl.js"
import type { ConnectionSettings } from "../../src/internal/promise/kubernetesConnection.js"
import { connectionFor } from "../../src/internal/promise/kubernetesConnection.js"
import { KubernetesLease } from "../../src/KubernetesLease.js"
import * as TestApiServer from "../../src/testing/TestApiServer.js"
import { fresh } from "../support/twins.js"

const settings = { baseUrl: "https://a.example", token: "a", caCert: undefined } satisfies ConnectionSettings

describe("C4 connections", () => {
  it("C4 instances with the same connection settings share one", () => {
    assert.strictEqual(connectionFor(settings), connectionFor({ ...settings }))
    const token = () => "a"
    assert.strictEqual(connectionFor({ ...settings, token }), connectionFor({ ...settings, token }))
  })

  it("C4 the spelling of an address makes no other connection", () => {
    for (const baseUrl of ["https://a.example/", "https://a.example:443", "HTTPS://A.Example//"]) {
      assert.strictEqual(connectionFor(settings), connectionFor({ ...settings, baseUrl }))
    }
  })

  it("C4 C3 instances with other credentials or another server share none", () => {
    const others: ReadonlyArray<ConnectionSettings> = [
      settings,
      { ...settings, baseUrl: "https://b.example" },
      { ...settings, baseUrl: "https://a.example:6443" },
      { ...settings, baseUrl: "https://a.example/path" },
      { ...settings, token: "b" },
      { ...settings, token: undefined },
      { ...settings, token: () => "a" },
      { ...settings, token: () => "a" },
      { ...settings, caCert: "other" },
      { kubeconfig: { path: "a" } },
      { kubeconfig: { path: "b" } },
      { kubeconfig: { path: "a", context: "c" } }
    ]
    const connections = others.map((other) => connectionFor(other))
    assert.strictEqual(new Set(connections).size, others.length)
  })
})

describe("F54 P5 the server of an address", () => {
  it("F54 is the same however it is spelled", () => {
    const same = (...urls: ReadonlyArray<string>) => assert.lengthOf([...new Set(urls.map(serverOf))], 1, urls.join())
    same("https://a.example", "https://a.example/", "https://a.example:443", "HTTPS://A.EXAMPLE", "https://a.example.")
    same("https://a.example/k8s/c-1", "https://a.example/k8s/c-1//", "https://a.example/k8s/./x/../c-1")
    same(
      "http://127.0.0.1:8001",
      "http://localhost:8001/",
      "http://[::1]:8001",
      "http://127.0.0.2:8001",
      "HTTP://0x7f.1:8001"
    )
    same("https://[fd00:0::1]:6443", "https://[fd00::1]:6443/")
  })

  it("F54 differs where host, port or path do", () => {
    const urls = [
      "https://a.example",
      "https://b.example",
      "https://a.example:6443",
      "https://a.example/x",
      "https://a.example/X"
    ]
    assert.lengthOf([...new Set(urls.map(serverOf))], urls.length)
    // One connection has one address to dial.
    assert.notStrictEqual(normalUrl("http://localhost:1"), normalUrl("http://127.0.0.1:1"))
  })

  it("F54 P5 is told of a kubeconfig too: the first ends before the second holds", async () => {
    await using server = await TestApiServer.start()
    const { apiBaseUrl, caCert, serviceAccountToken } = server
    const folder = await mkdtemp(join(tmpdir(), "kubernetes-lease-"))
    const kubeconfig = join(folder, "config")
    await writeFile(
      kubeconfig,
      JSON.stringify({
        "current-context": "c",
        clusters: [{
          name: "k",
          cluster: {
            server: `${apiBaseUrl.replace("127.0.0.1", "localhost")}/`,
            "certificate-authority-data": Buffer.from(caCert).toString("base64")
          }
        }],
        users: [{ name: "u", user: { token: serviceAccountToken } }],
        contexts: [{ name: "c", context: { cluster: "k", user: "u" } }]
      })
    )
    const lease = { ...fresh(), namespace: "default", logger: () => undefined }
    const first = new KubernetesLease({ ...lease, apiBaseUrl, caCert, serviceAccountToken })
    const second = new KubernetesLease({ ...lease, kubeconfig })
    await first.acquire()
    assert.isTrue(await second.acquire())
    assert.isFalse(first.checkAlive())
    assert.isTrue(await first.acquire())
    assert.isFalse(second.checkAlive())
    await first.release()
    await rm(folder, { recursive: true })
  })
})

describe("F55 C4 a token function of its own in each instance", () => {
  it("F55 shares the sockets of the others", async () => {
    await using server = await TestApiServer.start()
    const { apiBaseUrl, caCert, serviceAccountToken } = server
    const before = sockets()
    const leases = Array.from({ length: 12 }, () =>
      new KubernetesLease({
        ...fresh({ ttlMs: 60_000, acquireTimeoutMs: 30_000, releaseTimeoutMs: 30_000 }),
        namespace: "default",
        apiBaseUrl,
        caCert,
        serviceAccountToken: () => serviceAccountToken
      }))
    for (const lease of leases) {
      assert.isTrue(await lease.acquire())
    }
    // Both ends of a connection are in this process.
    assert.isAtMost((sockets() - before) / 2, 4)
    await Promise.all(leases.map((lease) => lease.release()))
  })

  it("F55 whatever nobody has any more is let go", () => {
    const values = new WeakValues<object>()
    const kept = values.getOrMake("kept", () => ({}))
    assert.strictEqual(values.getOrMake("kept", () => ({})), kept)
  })
})

const sockets = (): number => process.getActiveResourcesInfo().filter((kind) => kind === "TCPSocketWrap").length
