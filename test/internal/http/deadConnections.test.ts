import { assert, describe, it } from "vitest"
import type { Operation } from "../../../src/KubeError.js"
import type { KubernetesLeaseSettings } from "../../../src/KubernetesLease.js"
import { KubernetesLease } from "../../../src/KubernetesLease.js"
import * as Fault from "../../../src/testing/Fault.js"
import * as TestApiServer from "../../../src/testing/TestApiServer.js"
import type { Balancer } from "../../support/balancer.js"
import { balance } from "../../support/balancer.js"
import { eventually, fresh, pause } from "../../support/twins.js"

// Real time: sockets know no other.

const connected = (
  server: TestApiServer.RunningTestApiServer,
  balancer: Pick<Balancer, "url">,
  settings: Partial<KubernetesLeaseSettings> = {}
) =>
  new KubernetesLease({
    ...fresh({ ttlMs: 9000, ...settings }),
    namespace: "default",
    apiBaseUrl: balancer.url,
    caCert: server.caCert,
    serviceAccountToken: server.serviceAccountToken,
    logger: () => undefined
  })

const holds = async (lease: KubernetesLease): Promise<ReadonlyArray<string>> => {
  const lost: Array<string> = []
  lease.onLost((reason) => lost.push(reason))
  assert.isTrue(await lease.acquire())
  return lost
}

const atOnce = (times: number, request: () => Promise<unknown>) =>
  Promise.allSettled(Array.from({ length: times }, request))

describe("connections that died without a word", () => {
  for (const requests of [12, 40]) {
    it(`F56 C4 ${requests} requests at once, then a failover: the term goes on`, { timeout: 60_000 }, async () => {
      await using server = await TestApiServer.start()
      await using balancer = await balance(server.apiBaseUrl)
      const lease = connected(server, balancer)
      const lost = await holds(lease)
      await atOnce(requests, () => lease.verify())
      balancer.failOver()
      const before = balancer.accepted
      await eventually(() => balancer.accepted > before)
      await pause(2500)
      assert.isTrue(lease.checkAlive())
      assert.isAbove(lease.remainingMs(), 3000)
      assert.deepStrictEqual(lost, [])
      await lease.release()
    })
  }

  it("F56 C4 requests in flight and in the queue for a connection: the term goes on", { timeout: 60_000 }, async () => {
    await using server = await TestApiServer.start()
    await using balancer = await balance(server.apiBaseUrl)
    const lease = connected(server, balancer)
    const lost = await holds(lease)
    await atOnce(40, () => lease.verify())
    balancer.failOver()
    const verified = await atOnce(60, () => lease.verify())
    assert.isTrue(verified.some(({ status }) => status === "rejected"), "some went to the dead")
    await lease.verify()
    await pause(3000)
    assert.deepStrictEqual(lost, [])
    assert.isTrue(lease.checkAlive())
    await lease.release()
  })

  it("F56 C4 a release gets through", { timeout: 60_000 }, async () => {
    await using server = await TestApiServer.start()
    await using balancer = await balance(server.apiBaseUrl)
    const settings = fresh({ ttlMs: 30_000 })
    const lease = connected(server, balancer, settings)
    await holds(lease)
    await atOnce(40, () => lease.verify())
    balancer.failOver()
    await lease.release()
    const next = connected(server, { url: server.apiBaseUrl }, { ...settings, owner: "next" })
    assert.isTrue(await next.acquire())
    await next.release()
  })
})

describe("a kept connection that is reset just when it is used again", () => {
  const resets = {
    "before the request arrived": Fault.unsent("Reset"),
    "after it was done": Fault.answerLost("Reset")
  }
  for (const [when, fault] of Object.entries(resets)) {
    const once = (server: TestApiServer.RunningTestApiServer, operation: Operation) =>
      server.inject(fault.pipe(Fault.on(operation), Fault.times(1)))

    it(`F57 ${when}: no call fails, and whoever waits has the lease`, { timeout: 60_000 }, async () => {
      await using server = await TestApiServer.start()
      const settings = fresh({ ttlMs: 30_000 })
      const a = connected(server, { url: server.apiBaseUrl }, { ...settings, owner: "a", releaseMode: "clear" })
      const b = connected(server, { url: server.apiBaseUrl }, { ...settings, owner: "b" })

      await once(server, "create")
      assert.isTrue(await a.acquire())
      await once(server, "get")
      assert.isTrue(await a.verify())
      await once(server, "get")
      assert.isTrue(await a.acquire())
      assert.isFalse(await b.acquire())

      await once(server, "patch")
      await a.release()
      await once(server, "patch")
      assert.isTrue(await b.acquire(), "takes what was cleared")
      await once(server, "patch")
      await b.release({ to: "a" })
      assert.isTrue(await a.acquire(), "takes what was handed over")
      await a.release()

      assert.isTrue(await b.acquire())
      await once(server, "delete")
      await b.release()
      assert.isTrue(await a.acquire(), "creates or takes what was released")
      await a.release()
    })

    it(`F57 ${when}: a renewal is acknowledged all the same`, { timeout: 60_000 }, async () => {
      await using server = await TestApiServer.start()
      const warnings: Array<string> = []
      const lease = new KubernetesLease({
        ...fresh({ ttlMs: 3000 }),
        namespace: "default",
        apiBaseUrl: server.apiBaseUrl,
        caCert: server.caCert,
        serviceAccountToken: server.serviceAccountToken,
        logger: (level, message) => level === "warn" && warnings.push(message)
      })
      await holds(lease)
      const renewedAt = lease.remainingMs()
      await once(server, "patch")
      await eventually(() => lease.remainingMs() < renewedAt - 500)
      await eventually(() => lease.remainingMs() > renewedAt - 400)
      assert.deepStrictEqual(warnings, [])
      await lease.release()
    })
  }
})
