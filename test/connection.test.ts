import { assert, describe, it } from "vitest"
import type { ConnectionSettings } from "../src/internal/kubernetesConnection.js"
import { connectionFor } from "../src/internal/kubernetesConnection.js"

const settings = { baseUrl: "https://a.example", token: "a", caCert: undefined } satisfies ConnectionSettings

describe("C4 connections", () => {
  it("C4 instances with the same connection settings share one", () => {
    assert.strictEqual(connectionFor(settings), connectionFor({ ...settings }))
    const token = () => "a"
    assert.strictEqual(connectionFor({ ...settings, token }), connectionFor({ ...settings, token }))
  })

  it("C4 C3 instances with other credentials or another server share none", () => {
    const others: ReadonlyArray<ConnectionSettings> = [
      settings,
      { ...settings, baseUrl: "https://b.example" },
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
