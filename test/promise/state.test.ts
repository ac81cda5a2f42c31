import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { isKubeError } from "../../src/KubeError.js"
import { KubernetesLease } from "../../src/KubernetesLease.js"
import * as Fault from "../../src/testing/Fault.js"
import * as TestApiServer from "../../src/testing/TestApiServer.js"
import { describeTwins, eventually, fresh, rejection } from "../support/twins.js"

// Real time: the classes own their runtimes.

describeTwins("what a lease tells of itself", (twin) => {
  it("T4 token, isHeld and owner are those of the present term", async () => {
    const lease = twin.lease(fresh())
    assert.deepStrictEqual([lease.token, lease.isHeld, lease.owner], [undefined, false, "a"])
    const acquired = await lease.acquireWithToken()
    assert.isString(acquired?.token)
    assert.deepStrictEqual([lease.token, lease.isHeld], [acquired?.token, true])
    const released = lease.release()
    assert.deepStrictEqual([lease.token, lease.isHeld], [undefined, false])
    await released
  })

  it("holder() tells whoever holds it, as the record says", async () => {
    const settings = fresh()
    const [a, b] = [twin.lease(settings), twin.lease({ ...settings, owner: "b" })]
    assert.isUndefined(await b.holder())
    await a.acquire()
    const [holder, same] = await Promise.all([b.holder(), a.holder()])
    assert.strictEqual(holder?.owner, "a")
    assert.deepStrictEqual(holder, same)
    assert.isBelow(Math.abs(Number(holder?.renewTime) - Date.now()), 60_000)
    assert.deepStrictEqual(holder?.acquireTime, holder?.renewTime)
    await a.release()
    assert.isUndefined(await b.holder())
  })

  it("each term has a signal of its own: one of an earlier term stays aborted", async () => {
    const lease = twin.lease(fresh())
    const before = lease.signal
    await lease.acquire()
    const first = lease.signal
    assert.deepStrictEqual([before.aborted, first.aborted], [true, false])
    await lease.release()
    await lease.acquire()
    assert.deepStrictEqual([first.aborted, lease.signal.aborted], [true, false])
    await lease.release()
  })
})

describe("what a server in trouble does to it", () => {
  let server: TestApiServer.RunningTestApiServer
  beforeAll(async () => {
    server = await TestApiServer.start()
  })
  afterAll(() => server.close())

  const lease = (overrides: { readonly serviceAccountToken?: string } = {}) => {
    const { apiBaseUrl, caCert, serviceAccountToken } = server
    return new KubernetesLease({
      ...fresh({ ttlMs: 10_000, renewalIntervalMs: 100, requestTimeoutMs: 100 }),
      namespace: "default",
      apiBaseUrl,
      caCert,
      serviceAccountToken,
      ...overrides
    })
  }

  it("health() tells of a renewal that is overdue, of this instance alone", async () => {
    const [a, b] = [lease(), lease()]
    assert.deepStrictEqual(a.health(), { isHealthy: true, problems: [] })
    await a.acquire()
    await eventually(() => a.health().isHealthy)
    const remove = await server.inject(Fault.serviceUnavailable())
    const saysWhy = (problem: string): boolean => /not renewed in time.*503/.test(problem)
    await eventually(() => a.health().problems.some(saysWhy))
    const { isHealthy, problems } = a.health()
    assert.isFalse(isHealthy)
    assert.lengthOf(problems, 1)
    assert.isTrue(b.health().isHealthy)
    await remove()
    await eventually(() => a.health().isHealthy)
    await a.release()
  })

  it("holder() rejects where the server cannot tell, with an error that can be narrowed", async () => {
    const error = await rejection(lease({ serviceAccountToken: await server.issueToken({ rules: [] }) }).holder())
    assert.isTrue(isKubeError(error) && error.status === 403 && error.reason === "Forbidden")
  })
})
