import { inspect } from "node:util"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { InvalidSettings } from "../../src/InvalidSettings.js"
import type { KubernetesLeaseSettings, LeaseLost } from "../../src/KubernetesLease.js"
import { KubernetesLease } from "../../src/KubernetesLease.js"
import * as Fault from "../../src/testing/Fault.js"
import * as TestApiServer from "../../src/testing/TestApiServer.js"

// Real time: the class owns its runtime, and the server is a real listener.

let server: TestApiServer.RunningTestApiServer
beforeAll(async () => {
  server = await TestApiServer.start()
})
afterAll(() => server.close())

let leases = 0
const freshName = () => `lease-${++leases}`

const settings = (overrides: Partial<KubernetesLeaseSettings> = {}): KubernetesLeaseSettings => ({
  namespace: "default",
  name: freshName(),
  owner: "me",
  ttlMs: 30_000,
  apiBaseUrl: server.apiBaseUrl,
  caCert: server.caCert,
  serviceAccountToken: server.serviceAccountToken,
  logger: () => undefined,
  ...overrides
})

/** The next loss of a lease. */
const loss = (lease: KubernetesLease) =>
  new Promise<{ readonly reason: string; readonly lost: LeaseLost }>((resolve) => {
    lease.onLost((reason, lost) => resolve({ reason, lost }))
  })

const rejection = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then((value) => assert.fail(`resolved with ${String(value)}`), (error: unknown) => error)

const takeOver = (name: string, by: string) =>
  server.patchLease({ namespace: "default", name }, { spec: { holderIdentity: by, leaseTransitions: 9 } })

describe("KubernetesLease", () => {
  it("acquires, says that it holds, and releases", async () => {
    const lease = new KubernetesLease(settings())
    assert.isFalse(lease.checkAlive())
    assert.strictEqual(lease.remainingMs(), 0)
    assert.isTrue(lease.signal.aborted)
    assert.isTrue(await lease.acquire())
    assert.isTrue(lease.checkAlive())
    assert.isAbove(lease.remainingMs(), 0)
    assert.isAtMost(lease.remainingMs(), 27_000)
    const { signal } = lease
    assert.isFalse(signal.aborted)
    await lease.release()
    assert.isFalse(lease.checkAlive())
    assert.isTrue(signal.aborted)
    await lease.release()
  })

  it("P2 false means that somebody else holds it", async () => {
    const mine = new KubernetesLease(settings())
    const yours = new KubernetesLease(settings({ name: `lease-${leases}`, owner: "you" }))
    assert.isTrue(await mine.acquire())
    assert.isFalse(await yours.acquire())
    assert.isNull(await yours.acquireWithToken())
    await mine.release()
    assert.isTrue(await yours.acquire())
    await yours.release()
  })

  it("F29 tokens grow from term to term", async () => {
    const lease = new KubernetesLease(settings())
    const first = await lease.acquireWithToken()
    await lease.release()
    const second = await lease.acquireWithToken()
    await lease.release()
    assert.isTrue(BigInt(second?.token ?? 0) > BigInt(first?.token ?? 0))
  })

  it("P1 acquire on a held term asks the server, and keeps the term that stands", async () => {
    const lease = new KubernetesLease(settings())
    const first = await lease.acquireWithToken()
    assert.deepStrictEqual(await lease.acquireWithToken(), first)
    const remove = await server.inject(Fault.serviceUnavailable())
    assert.propertyVal(await rejection(lease.acquire()), "_tag", "Transient")
    await remove()
    assert.isTrue(lease.checkAlive())
    await lease.release()
  })

  it("P1 P4 acquire on a term that was taken over reports the loss, and then answers anew", async () => {
    const name = freshName()
    const lease = new KubernetesLease(settings({ name }))
    const order: Array<string> = []
    lease.onLost((_, lost) => void order.push(`lost ${lost.reason._tag}`))
    await lease.acquire()
    await takeOver(name, "somebody")
    order.push(`acquired ${String(await lease.acquire())}`)
    assert.deepStrictEqual(order, ["lost TakenOver", "acquired false"])
  })

  it("A4 concurrent acquires share one attempt", async () => {
    const lease = new KubernetesLease(settings())
    const tokens = await Promise.all([lease.acquireWithToken(), lease.acquireWithToken(), lease.acquireWithToken()])
    assert.lengthOf(new Set(tokens.map((acquired) => acquired?.token)), 1)
    await lease.release()
  })

  it("P3 F28 release during an acquire gives back what lands, and the acquire rejects", async () => {
    const name = freshName()
    const lease = new KubernetesLease(settings({ name }))
    const remove = await server.inject(
      Fault.delayAnswer(200).pipe(Fault.on("create"), Fault.of({ namespace: "default", name }))
    )
    const acquiring = rejection(lease.acquire())
    while (await server.getLease({ namespace: "default", name }) === undefined) {
      await new Promise((resolve) => setImmediate(resolve))
    }
    await lease.release()
    assert.propertyVal(await acquiring, "name", "AbortError")
    assert.isUndefined(await server.getLease({ namespace: "default", name }))
    assert.isFalse(lease.checkAlive())
    await remove()
  })

  it("an acquire right after a release without waiting for it holds", async () => {
    const lease = new KubernetesLease(settings())
    await lease.acquire()
    const releasing = lease.release()
    assert.isFalse(lease.checkAlive())
    assert.isTrue(await lease.acquire())
    await releasing
    assert.isTrue(lease.checkAlive())
    await lease.release()
  })

  it("F18 F19 P4 each handler hears of a loss once, on its own, and may unsubscribe", async () => {
    const name = freshName()
    const lease = new KubernetesLease(settings({ name }))
    const heard: Array<string> = []
    const failed: Array<unknown> = []
    const other = new KubernetesLease(settings({ name, logger: (_level, _message, { error }) => failed.push(error) }))
    const unsubscribe = other.onLost(() => void heard.push("unsubscribed"))
    other.onLost(() => {
      heard.push("throwing")
      unsubscribe()
      throw new Error("handler")
    })
    other.onLost(() => void heard.push("other"))
    unsubscribe()
    await other.acquire()
    const { signal } = other
    const lost = loss(other)
    await takeOver(name, "somebody")
    assert.isFalse(await other.verify())
    assert.match((await lost).reason, /somebody has taken it over/)
    assert.deepInclude((await lost).lost.reason, { _tag: "TakenOver", by: "somebody" })
    assert.strictEqual(signal.reason, (await lost).lost)
    assert.deepStrictEqual(heard, ["throwing", "other"])
    assert.isTrue(failed.some((error) => error instanceof Error && error.message === "handler"))
    assert.isFalse(await lease.acquire())
  })

  it("what it logs names the lease and the owner, also that a handler has failed", async () => {
    const name = freshName()
    const lines: Array<readonly [string, Readonly<Record<string, unknown>>]> = []
    const lease = new KubernetesLease(
      settings({ name, logger: (level, _message, fields) => void lines.push([level, fields]) })
    )
    await lease.acquire()
    lease.onLost(() => {
      throw new Error("handler")
    })
    const lost = loss(lease)
    await takeOver(name, "somebody")
    await lease.verify()
    await lost
    // Handlers are called one after the other; what one of them threw is logged thereafter.
    await new Promise((resolve) => setImmediate(resolve))
    assert.deepStrictEqual(lines.map(([level]) => level), ["info", "warn", "error"])
    for (const [, fields] of lines) {
      assert.deepInclude(fields, { lease: `default/${name}`, owner: "me" })
    }
  })

  it("W2 F82 a watch that is refused is told once, and as no unhandled error", async () => {
    const lines: Array<string> = []
    const name = freshName()
    const holder = new KubernetesLease(settings({ name, owner: "you" }))
    const serviceAccountToken = await server.issueToken({
      rules: [{ namespace: "default", verbs: ["get", "create", "patch", "delete"] }]
    })
    const waiter = new KubernetesLease(
      settings({ name, serviceAccountToken, logger: (level, message) => void lines.push(`${level}: ${message}`) })
    )
    await holder.acquire()
    const waiting = rejection(waiter.waitUntilAcquired())
    while (lines.length === 0) {
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    await waiter.release()
    await waiting
    await holder.release()
    assert.deepStrictEqual(lines, ["warn: The lease may not be watched; reading it every 10s instead"])
  })

  it("F18 a release is no loss", async () => {
    const lease = new KubernetesLease(settings({ ttlMs: 2000 }))
    let losses = 0
    lease.onLost(() => void losses++)
    await lease.acquire()
    await lease.release()
    assert.isFalse(await lease.verify())
    // Longer than the term would have lasted.
    await new Promise((resolve) => setTimeout(resolve, 2100))
    assert.strictEqual(losses, 0)
  })

  it("a handler may acquire anew", async () => {
    const name = freshName()
    const lease = new KubernetesLease(settings({ name }))
    await lease.acquire()
    const again = new Promise<boolean>((resolve, reject) => {
      lease.onLost(() => {
        lease.acquire().then(resolve, reject)
      })
    })
    await server.deleteLease({ namespace: "default", name })
    assert.isFalse(await lease.verify())
    assert.isTrue(await again)
    assert.isTrue(lease.checkAlive())
    await lease.release()
  })

  it("P6 a takeover is told by the next renewal, without anybody asking", async () => {
    const name = freshName()
    const lease = new KubernetesLease(settings({ name, renewalIntervalMs: 100 }))
    const lost = loss(lease)
    await lease.acquire()
    await takeOver(name, "somebody")
    const takenOverAt = performance.now()
    assert.strictEqual((await lost).lost.reason._tag, "TakenOver")
    // Without renewals, the term would have ended after 27 s.
    assert.isBelow(performance.now() - takenOverAt, 15_000)
  })

  it("P6 the renew deadline is told when it passes, without anybody asking", async () => {
    const name = freshName()
    const lease = new KubernetesLease(settings({ name, ttlMs: 1000 }))
    const lost = loss(lease)
    await lease.acquire()
    const remove = await server.inject(Fault.hang().pipe(Fault.of({ namespace: "default", name })))
    assert.strictEqual((await lost).lost.reason._tag, "Expired")
    await remove()
  })

  it("F24 await using releases", async () => {
    const name = freshName()
    {
      await using lease = new KubernetesLease(settings({ name }))
      assert.isTrue(await lease.acquire())
    }
    assert.isUndefined(await server.getLease({ namespace: "default", name }))
  })

  it("F23 rejects with a typed Error that says what to do", async () => {
    const lease = new KubernetesLease(settings({ serviceAccountToken: await server.issueToken({ rules: [] }) }))
    const error = await rejection(lease.acquire())
    assert.propertyVal(error, "_tag", "Forbidden")
    assert.propertyVal(error, "status", 403)
    assert.instanceOf(error, Error)
    assert.strictEqual(error.name, "Forbidden")
    assert.match(String(error), /rbac\//)
    assert.match(error instanceof Error ? String(error.stack) : "", /Forbidden/)
  })

  it("F30 C5 nothing printed shows the token", async () => {
    const secret = "top-secret-token"
    const shown: Array<unknown> = []
    const lease = new KubernetesLease(settings({
      serviceAccountToken: secret,
      logger: (...line) => shown.push(line)
    }))
    shown.push(await rejection(lease.acquire()), lease)
    assert.notInclude(shown.map((value) => inspect(value, { depth: null }) + JSON.stringify(value)).join(), secret)
  })

  it("F14 a token may be a function that is asked again on 401", async () => {
    const tokens = [await server.issueToken(), await server.issueToken()]
    const lease = new KubernetesLease(settings({ serviceAccountToken: async () => tokens[0] ?? "" }))
    await lease.acquire()
    await server.revokeToken(tokens.shift() ?? "")
    assert.isTrue(await lease.verify())
    await lease.release()
  })

  it("takes the spellings of actor-ts 0.16 and objects that build settings", async () => {
    const { apiBaseUrl: apiServerUrl, serviceAccountToken, ...rest } = settings()
    assert.isString(serviceAccountToken)
    const aliased = { ...rest, apiServerUrl, authToken: String(serviceAccountToken) }
    const lease = new KubernetesLease({ build: () => aliased })
    assert.isTrue(await lease.acquire())
    await lease.release()
  })

  it("throws every fault at once, in the words of its own settings", () => {
    const thrown = (() => {
      try {
        return new KubernetesLease({
          namespace: "Default",
          name: "",
          owner: "",
          ttlMs: 100,
          renewalIntervalMs: -1,
          apiBaseUrl: "http://a.example",
          caCert: "garbage"
        })
      } catch (error) {
        return error
      }
    })()
    assert.instanceOf(thrown, InvalidSettings)
    assert.sameMembers(thrown.faults.map(({ field }) => field), [
      "namespace",
      "name",
      "owner",
      "ttlMs",
      "renewalIntervalMs",
      "apiBaseUrl",
      "caCert",
      "serviceAccountToken"
    ])
  })

  it("C3 F31 an address of your own never gets the pod's token", () => {
    const { serviceAccountToken: _, ...withoutToken } = settings()
    assert.throws(() => new KubernetesLease(withoutToken), /serviceAccountToken/)
  })
})
