import { assert, describe, it } from "vitest"
import type { ConnectionSettings } from "../src/internal/kubernetesConnection.js"
import { connectionFor } from "../src/internal/kubernetesConnection.js"

const settings: ConnectionSettings = { baseUrl: "https://a.example", token: "a", caCert: undefined }

describe("C4 connections", () => {
  it("C4 instances with the same connection settings share one", () => {
    assert.strictEqual(connectionFor(settings), connectionFor({ ...settings }))
    const token = () => "a"
    assert.strictEqual(connectionFor({ ...settings, token }), connectionFor({ ...settings, token }))
  })

  it("C4 C3 instances with other credentials or another server share none", () => {
    const others: ReadonlyArray<Partial<ConnectionSettings>> = [
      {},
      { baseUrl: "https://b.example" },
      { token: "b" },
      { token: undefined },
      { token: () => "a" },
      { token: () => "a" },
      { caCert: "other" }
    ]
    const connections = others.map((other) => connectionFor({ ...settings, ...other }))
    assert.strictEqual(new Set(connections).size, others.length)
  })
})
