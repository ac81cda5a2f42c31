import { afterAll, assert, beforeAll, describe, it } from "vitest"
import type { KubernetesLeaseSettings } from "../../src/KubernetesLease.js"
import { KubernetesLease } from "../../src/KubernetesLease.js"
import * as Fault from "../../src/testing/Fault.js"
import * as TestApiServer from "../../src/testing/TestApiServer.js"
import { describeTwins, eventually, fresh, lossesOf, pause, rejection } from "../support/twins.js"

// Real time: the classes own their runtimes.

const toItself = [{ _tag: "TakenOver", by: "a" } as const]

describeTwins("P5 two instances with one name", (twin) => {
  it("P5 the later holds; the first is lost once, to its own name", async () => {
    const settings = fresh()
    const first = twin.lease(settings)
    const second = twin.lease(settings)
    const losses = lossesOf(first)
    const earlier = await first.acquireWithToken()
    const { signal } = first
    const later = await second.acquireWithToken()
    assert.isFalse(first.checkAlive())
    assert.propertyVal(signal.reason, "_tag", "LeaseLost")
    assert.isTrue(second.checkAlive())
    assert.isTrue(await second.verify())
    assert.isTrue(BigInt(later?.token ?? 0) > BigInt(earlier?.token ?? 0))
    await eventually(() => losses.length > 0)
    // What is lost cannot be released: not in the other's name either.
    await first.release()
    await pause(20)
    assert.isTrue(await second.verify())
    assert.deepStrictEqual(losses, toItself)
    await second.release()
    assert.isUndefined(await twin.holderOf(settings.name))
  })

  it("P5 F43 that is no duplicate: the first may take it back, and then the second loses", async () => {
    const settings = fresh()
    const warnings: Array<string> = []
    const logger = (level: string, message: string) => void (level === "warn" && warnings.push(message))
    const first = twin.lease({ ...settings, logger })
    const second = twin.lease({ ...settings, logger })
    const losses = [lossesOf(first), lossesOf(second)]
    await first.acquire()
    assert.isTrue(await second.acquire())
    assert.isTrue(await first.acquire())
    assert.isFalse(second.checkAlive())
    assert.isTrue(await second.acquire())
    assert.isFalse(first.checkAlive())
    await eventually(() => losses[0]?.length === 2 && losses[1]?.length === 1)
    assert.deepStrictEqual(losses, [[...toItself, ...toItself], toItself])
    assert.notInclude(warnings.join(), "nother process uses")
    assert.match(warnings.join(), /: another instance in this process, with the same owner name, takes it over/)
    await second.release()
  })

  it("P5 whoever waits supersedes too", async () => {
    const settings = fresh()
    const first = twin.lease(settings)
    const second = twin.lease(settings)
    await first.acquire()
    await second.waitUntilAcquired()
    assert.isFalse(first.checkAlive())
    assert.isTrue(second.checkAlive())
    await second.release()
  })

  it("P5 another owner supersedes nobody", async () => {
    const settings = fresh()
    const first = twin.lease(settings)
    await first.acquire()
    assert.isFalse(await twin.lease({ ...settings, owner: "b" }).acquire())
    assert.isTrue(first.checkAlive())
    assert.isTrue(await first.verify())
    await first.release()
  })

  it("P5 another lease of the same owner supersedes nobody", async () => {
    const first = twin.lease(fresh())
    const second = twin.lease(fresh())
    await first.acquire()
    assert.isTrue(await second.acquire())
    assert.isTrue(first.checkAlive())
    await Promise.all([first.release(), second.release()])
  })

  it("P5 what was released is not superseded: no loss", async () => {
    const settings = fresh()
    const first = twin.lease(settings)
    const second = twin.lease(settings)
    const losses = lossesOf(first)
    await first.acquire()
    const releasing = first.release()
    assert.isTrue(await second.acquire())
    await releasing
    await pause(20)
    assert.isEmpty(losses)
    assert.isTrue(await second.verify())
    await second.release()
  })
})

describe("P5 over HTTPS", () => {
  let server: TestApiServer.RunningTestApiServer
  beforeAll(async () => {
    server = await TestApiServer.start()
  })
  afterAll(() => server.close())

  const settings = (overrides: Partial<KubernetesLeaseSettings> = {}): KubernetesLeaseSettings => ({
    ...fresh(),
    namespace: "default",
    apiBaseUrl: server.apiBaseUrl,
    caCert: server.caCert,
    serviceAccountToken: server.serviceAccountToken,
    ...overrides
  })

  it("P5 the first has ended here before the write reaches the server", async () => {
    const given = settings()
    const first = new KubernetesLease(given)
    const second = new KubernetesLease(given)
    await first.acquire()
    const whenRead: Array<boolean> = []
    const whenWritten: Array<boolean> = []
    const remove = await server.inject(
      Fault.delay(0).pipe(Fault.when(({ operation }) => {
        const seen = operation === "get" ? whenRead : whenWritten
        seen.push(first.checkAlive())
        return false
      }))
    )
    await second.acquire()
    assert.deepStrictEqual([whenRead, whenWritten], [[true], [false]])
    await remove()
    await second.release()
  })

  it("P5 over another connection to the same server", async () => {
    const given = settings()
    const first = new KubernetesLease(given)
    const second = new KubernetesLease({ ...given, serviceAccountToken: () => server.serviceAccountToken })
    const losses = lossesOf(first)
    await first.acquire()
    assert.isTrue(await second.acquire())
    assert.isFalse(first.checkAlive())
    assert.isTrue(await first.acquire(), "no duplicate owner")
    assert.isFalse(second.checkAlive())
    await eventually(() => losses.length > 0)
    assert.deepStrictEqual(losses, toItself)
    await first.release()
  })

  for (const answered of ["create", "patch"] as const) {
    it(`P5 F78 an acquire in flight over another connection (${answered}): at no time do both hold`, async () => {
      const given = settings()
      const first = new KubernetesLease(given)
      const second = new KubernetesLease({ ...given, serviceAccountToken: () => server.serviceAccountToken })
      const losses = lossesOf(first)
      if (answered === "patch") {
        await first.acquire()
        await first.release({ to: "a" })
      }
      let isSent = false
      const remove = await server.inject(
        Fault.delayAnswer(300).pipe(
          Fault.on(answered),
          Fault.of({ namespace: "default", name: given.name }),
          Fault.times(1),
          Fault.when(() => {
            isSent = true
            return true
          })
        )
      )
      const earlier = first.acquire()
      await eventually(() => isSent)
      const later = second.acquire()
      let both = false
      let isOver = false
      const looking = eventually(() => {
        both ||= first.checkAlive() && second.checkAlive()
        return isOver
      })
      assert.isTrue(await later)
      assert.isTrue(await earlier, "its write had landed first; it hears of the other's by its onLost")
      await eventually(() => losses.length > 0)
      isOver = true
      await looking
      assert.isFalse(both)
      assert.isFalse(first.checkAlive())
      assert.isTrue(second.checkAlive())
      assert.isTrue(await second.verify())
      assert.deepStrictEqual(losses, toItself)
      await remove()
      await second.release()
    })
  }

  it("P5 F78 two that acquire at once over two connections: one of them holds, and the other knows", async () => {
    for (let turns = 0; turns < 12; turns++) {
      const given = settings()
      const pair = [
        new KubernetesLease(given),
        new KubernetesLease({ ...given, serviceAccountToken: () => server.serviceAccountToken })
      ] as const
      const losses = pair.map((lease) => lossesOf(lease))
      const first = pair[0].acquire()
      for (let turn = 0; turn < turns; turn++) {
        await new Promise((resolve) => setImmediate(resolve))
      }
      assert.deepStrictEqual(await Promise.all([first, pair[1].acquire()]), [true, true])
      await eventually(() => losses.flat().length > 0)
      assert.strictEqual(pair.filter((lease) => lease.checkAlive()).length, 1)
      assert.deepStrictEqual(losses.flat(), toItself)
      await Promise.all(pair.map((lease) => lease.release()))
    }
  })

  it("F43 F78 two that lead under one name over two connections take turns", async () => {
    const given = settings({ renewalIntervalMs: 50 })
    const stop = new AbortController()
    const warnings: Array<string> = []
    let leaders = 0
    let terms = 0
    const candidate = (overrides: Partial<KubernetesLeaseSettings>) =>
      KubernetesLease.lead(
        { ...given, ...overrides, logger: (level, message) => void (level === "warn" && warnings.push(message)) },
        async () => {
          leaders += 1
          terms += 1
          assert.strictEqual(leaders, 1)
          await pause(60)
          leaders -= 1
        },
        { signal: stop.signal }
      )
    const leading = [candidate({}), candidate({ serviceAccountToken: () => server.serviceAccountToken })]
    await eventually(() => terms >= 4)
    stop.abort("stop")
    await Promise.all(leading)
    assert.isEmpty(warnings)
  })

  it("P5 not on another server", async () => {
    await using elsewhere = await TestApiServer.start()
    const given = settings()
    const first = new KubernetesLease(given)
    const second = new KubernetesLease({
      ...given,
      apiBaseUrl: elsewhere.apiBaseUrl,
      serviceAccountToken: elsewhere.serviceAccountToken
    })
    await first.acquire()
    assert.isTrue(await second.acquire())
    assert.isTrue(first.checkAlive())
    await Promise.all([first.release(), second.release()])
  })

  it("P5 an acquire that fails before its write leaves the first alone", async () => {
    const given = settings({ acquireRetries: 0 })
    const first = new KubernetesLease(given)
    const second = new KubernetesLease(given)
    await first.acquire()
    const remove = await server.inject(Fault.unsent().pipe(Fault.on("get")))
    assert.propertyVal(await rejection(second.acquire()), "_tag", "Transient")
    assert.isTrue(first.checkAlive())
    await remove()
    assert.isTrue(await first.verify())
    await first.release()
  })

  it("P5 a record that is another's by now costs the first its term only when it learns of it", async () => {
    const given = settings()
    const first = new KubernetesLease(given)
    const second = new KubernetesLease(given)
    const losses = lossesOf(first)
    await first.acquire()
    await server.patchLease({ namespace: "default", name: given.name }, {
      spec: { holderIdentity: "somebody", leaseTransitions: 9 }
    })
    assert.isFalse(await second.acquire())
    assert.isFalse(await first.verify())
    await eventually(() => losses.length > 0)
    assert.deepStrictEqual(losses, [{ _tag: "TakenOver", by: "somebody" }])
  })
})
