import { assert, describe, it } from "vitest"
import { KubernetesLease } from "../../../src/KubernetesLease.js"
import * as TestApiServer from "../../../src/testing/TestApiServer.js"
import type { TwinSettings } from "../../support/twins.js"
import { eventually, fresh, pause } from "../../support/twins.js"

// Real time: the classes own their runtimes.

const resources = (kind: string): number => process.getActiveResourcesInfo().filter((each) => each === kind).length

/** Timers of the test and its runner come and go. */
const timers = (): number => resources("Timeout") + resources("Immediate")

describe("cycles of acquire and release", () => {
  it("C4 of a KubernetesLease leave neither socket nor timer", { timeout: 120_000 }, async () => {
    await using server = await TestApiServer.start()
    const before = { sockets: resources("TCPSocketWrap"), timers: timers() }
    const lease = new KubernetesLease({
      ...fresh(),
      namespace: "default",
      apiBaseUrl: server.apiBaseUrl,
      caCert: server.caCert,
      serviceAccountToken: server.serviceAccountToken
    })
    let most = 0
    for (let count = 0; count < 50; count++) {
      assert.isTrue(await lease.acquire())
      most = Math.max(most, resources("TCPSocketWrap") - before.sockets)
      await lease.release()
    }
    // Both ends of a connection are in this process; the server's may live a moment longer.
    assert.isAtMost(most, 8)
    await eventually(() => resources("TCPSocketWrap") <= before.sockets)
    await eventually(() => timers() <= before.timers)
  })
})

describe("C4 a hundred KubernetesLeases over one connection", () => {
  const hundred = (server: TestApiServer.RunningTestApiServer, settings: Partial<TwinSettings> = {}) =>
    Array.from({ length: 100 }, () =>
      new KubernetesLease({
        ...fresh({ acquireTimeoutMs: 60_000, releaseTimeoutMs: 60_000, ...settings }),
        namespace: "default",
        apiBaseUrl: server.apiBaseUrl,
        caCert: server.caCert,
        serviceAccountToken: server.serviceAccountToken
      }))

  it("C4 hold with a handful of sockets, and none once all are released", { timeout: 120_000 }, async () => {
    await using server = await TestApiServer.start()
    const before = { sockets: resources("TCPSocketWrap"), timers: timers() }
    // Some renewals a second, which a busy machine can still do beside the rest.
    const leases = hundred(server, { renewalIntervalMs: 2000 })
    assert.strictEqual(resources("TCPSocketWrap"), before.sockets, "an instance alone opens none")
    for (const lease of leases) {
      assert.isTrue(await lease.acquire())
    }
    await pause(2000)
    const connections = (resources("TCPSocketWrap") - before.sockets) / 2
    assert.isAtMost(connections, 16)
    for (const lease of leases) {
      await lease.release()
    }
    await eventually(() => resources("TCPSocketWrap") <= before.sockets)
    await eventually(() => timers() <= before.timers)
  })

  it("C4 acquire all at once, with as few", { timeout: 120_000 }, async () => {
    await using server = await TestApiServer.start()
    const before = { sockets: resources("TCPSocketWrap"), timers: timers() }
    const leases = hundred(server)
    let most = 0
    const watching = setInterval(() => {
      most = Math.max(most, resources("TCPSocketWrap") - before.sockets)
    }, 1)
    const answers = await Promise.all(leases.map((lease) => lease.acquire()))
    clearInterval(watching)
    assert.isTrue(answers.every((isHeld) => isHeld))
    assert.isAtMost(most / 2, 16)
    await Promise.all(leases.map((lease) => lease.release()))
    await eventually(() => resources("TCPSocketWrap") <= before.sockets)
    await eventually(() => timers() <= before.timers)
  })
})
