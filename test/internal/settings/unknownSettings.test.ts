import { assert, describe, it } from "vitest"
import { unknownSettings } from "../../../src/internal/settings/unknownSettings.js"

const known = [
  "name",
  "namespace",
  "owner",
  "ttlMs",
  "renewalIntervalMs",
  "renewDeadlineMs",
  "requestTimeoutMs",
  "acquireTimeoutMs",
  "releaseTimeoutMs",
  "serviceAccountToken",
  "apiBaseUrl",
  "caCert",
  "labels",
  "logger"
]

describe("unknownSettings", () => {
  for (
    const [given, meant] of Object.entries({
      ttl: "ttlMs",
      TTL: "ttlMs",
      ttlMS: "ttlMs",
      renewIntervalMs: "renewalIntervalMs",
      renewalInterval: "renewalIntervalMs",
      renew_deadline: "renewDeadlineMs",
      leaseDurationSeconds: "ttlMs",
      holderIdentity: "owner",
      token: "serviceAccountToken",
      apibaseURL: "apiBaseUrl",
      ca: "caCert",
      nameSpace: "namespace",
      label: "labels",
      logge: "logger",
      timeoutMs: "requestTimeoutMs or acquireTimeoutMs"
    })
  ) {
    it(`F101 ${given} is taken for ${meant}`, () => {
      assert.deepStrictEqual(unknownSettings({ [given]: "secret" }, known), [{
        field: given,
        value: undefined,
        expected: meant,
        problem: `is no setting; did you mean ${meant}?`
      }])
    })
  }

  it("F101 what is like none is told all of them", () => {
    const [fault] = unknownSettings({ constructor: 1 }, known)
    assert.strictEqual(fault?.problem, `is no setting; there are ${known.join(", ")}`)
  })

  it("says nothing of what is known, nor of what is absent", () => {
    assert.isEmpty(unknownSettings({ name: "a", ttlMs: 1, ttl: undefined }, known))
  })
})
