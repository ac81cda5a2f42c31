import { inspect } from "node:util"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { InMemoryLease } from "../../src/InMemoryLease.js"
import type { PromiseLease } from "../../src/internal/promise/face.js"
import { KubernetesLease } from "../../src/KubernetesLease.js"
import * as Fault from "../../src/testing/Fault.js"
import * as TestApiServer from "../../src/testing/TestApiServer.js"
import type { Twin, TwinSettings } from "../support/twins.js"
import { describeTwins, fresh, rejection } from "../support/twins.js"

// Real time: the classes own their runtimes.

const slow = { timeout: 120_000 } as const

const acquires: Readonly<Record<string, (lease: PromiseLease) => Promise<unknown>>> = {
  "acquire": (lease) => lease.acquire(),
  "acquireWithToken": (lease) => lease.acquireWithToken(),
  "waitUntilAcquired": (lease) => lease.waitUntilAcquired()
}

type Calls = (lease: PromiseLease) => ReadonlyArray<Promise<unknown>>

const alone: Readonly<Record<string, Calls>> = Object.fromEntries(
  Object.entries(acquires).map(([name, call]) => [name, (lease: PromiseLease) => [call(lease)]])
)

const together: Calls = (lease) => Object.values(acquires).map((call) => call(lease))

/** What a call has come to, as far as its caller can know. */
const witnessed = (promise: Promise<unknown>) => {
  const seen: { outcome: "none" | "resolved" | "rejected"; with?: unknown } = { outcome: "none" }
  promise.then(
    (value) => Object.assign(seen, { outcome: "resolved", with: value }),
    (error: unknown) => Object.assign(seen, { outcome: "rejected", with: error })
  )
  return seen
}

/** So many macrotasks from now, timers or others, and so many microtasks into the last. */
interface Moment {
  readonly macrotasks: number
  readonly microtasks: number
  readonly by?: "timer" | "immediate"
}

const until = async ({ by, macrotasks, microtasks }: Moment): Promise<void> => {
  for (let turn = 0; turn < macrotasks; turn++) {
    await new Promise((resolve) => by === "timer" ? setTimeout(resolve, 0) : setImmediate(resolve))
  }
  for (let turn = 0; turn < microtasks; turn++) {
    await undefined
  }
}

const range = (from: number, to: number): ReadonlyArray<number> =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index)

const everyMoment: ReadonlyArray<Moment> = [
  ...range(0, 60).map((microtasks) => ({ macrotasks: 0, microtasks })),
  ...(["timer", "immediate"] as const).flatMap((by) =>
    range(1, 6).flatMap((macrotasks) => [0, 1, 2, 5, 11].map((microtasks) => ({ by, macrotasks, microtasks })))
  )
]

/**
 * Nothing is held from the call of `release()` on, and whoever could not know of a result by then is told that it is given
 * up.
 */
const assertGivenBack = async (
  { holderOf }: Pick<Twin, "holderOf">,
  lease: PromiseLease,
  name: string,
  calls: Calls,
  when: () => Promise<void>,
  where: string
): Promise<void> => {
  const promises = calls(lease)
  const seen = promises.map(witnessed)
  await when()
  const before = seen.map(({ outcome }) => outcome)
  const releasing = lease.release()
  assert.isFalse(lease.checkAlive(), `${where}: held after the call of release()`)
  await releasing
  await Promise.allSettled(promises)
  await undefined
  assert.isFalse(lease.checkAlive(), `${where}: held after release()`)
  assert.strictEqual(lease.remainingMs(), 0, where)
  assert.isTrue(lease.signal.aborted, where)
  assert.oneOf(await holderOf(name), [undefined, ""], where)
  seen.forEach(({ outcome, with: result }, index) => {
    if (before[index] === "resolved") {
      assert.strictEqual(outcome, "resolved", where)
    } else {
      assert.strictEqual(outcome, "rejected", `${where}: call ${index} resolved after release()`)
      assert.propertyVal(result, "name", "AbortError", where)
    }
  })
}

describeTwins("P3 F76 release() at every moment of an acquire", (twin) => {
  // Over a network most of the microtasks are alike.
  const moments = everyMoment.filter((_, index) => !twin.hasNetwork || index % 5 === 0)
  const cases: ReadonlyArray<readonly [string, Calls, Partial<TwinSettings>]> = [
    ...Object.entries(alone).map(([title, calls]) => [title, calls, {}] as const),
    ["acquire with acquireWaitMs", (lease) => [lease.acquire()], { acquireWaitMs: 20_000 }],
    ["all at once", together, { acquireWaitMs: 20_000 }]
  ]
  for (const [title, calls, overrides] of cases) {
    it(`P3 F76 ${title}`, slow, async () => {
      const settings = fresh(overrides)
      const lease = twin.lease(settings)
      for (const moment of moments) {
        await assertGivenBack(twin, lease, settings.name, calls, () => until(moment), JSON.stringify(moment))
      }
      assert.isTrue(await lease.acquire(), "and then it may be had again")
      await lease.release()
    })
  }

  it("P3 F76 P1 of a held term", slow, async () => {
    const settings = fresh()
    const lease = twin.lease(settings)
    for (const moment of moments) {
      await lease.acquire()
      await assertGivenBack(twin, lease, settings.name, together, () => until(moment), JSON.stringify(moment))
    }
  })

  it("P3 F76 of a lease that another is just releasing", slow, async () => {
    const settings = fresh({ acquireWaitMs: 20_000 })
    const lease = twin.lease(settings)
    const holder = twin.lease({ ...settings, owner: "b" })
    for (const moment of moments) {
      await holder.acquire()
      let released: Promise<void> | undefined
      const calls: Calls = () => {
        const promises = together(lease)
        released = holder.release()
        return promises
      }
      const when = async () => {
        await until(moment)
        // What is asked of the server then is asked after the release.
        await released
      }
      await assertGivenBack(twin, lease, settings.name, calls, when, JSON.stringify(moment))
    }
  })

  it("P3 F76 called as the first of several is told: whose promise is still pending then is given up", async () => {
    const all = Object.values(acquires)
    for (const [index, first] of all.entries()) {
      for (const turns of range(0, 8)) {
        // Those who wait at most so long are told some microtasks later than the others.
        const settings = fresh({ acquireWaitMs: 20_000 })
        const lease = twin.lease(settings)
        const told = first(lease)
        const others = [...all, ...all].map((call) => call(lease))
        await told
        await until({ macrotasks: 0, microtasks: turns })
        const isPending = others.map((promise) => inspect(promise).includes("<pending>"))
        const releasing = lease.release()
        const outcomes = await Promise.allSettled(others)
        await releasing
        assert.deepStrictEqual(
          outcomes.map(({ status }) => status),
          isPending.map((pending) => pending ? "rejected" : "fulfilled"),
          `${index}, ${turns}`
        )
        assert.isFalse(lease.checkAlive())
        assert.oneOf(await twin.holderOf(settings.name), [undefined, ""])
      }
    }
  })

  it("P3 F76 called by what is told of the term first, the logger", async () => {
    for (const call of Object.values(acquires)) {
      let releasing: Promise<void> | undefined
      const settings = fresh({
        logger: (_level, message) => {
          if (message === "Acquired") {
            releasing = lease.release()
          }
        }
      })
      const lease: PromiseLease = twin.lease(settings)
      assert.propertyVal(await rejection(call(lease)), "name", "AbortError")
      await releasing
      assert.isFalse(lease.checkAlive())
      assert.oneOf(await twin.holderOf(settings.name), [undefined, ""])
    }
  })

  it("F76 a signal that aborts at every moment: rejected, and nothing is held; or resolved before", slow, async () => {
    const settings = fresh()
    const lease = twin.lease(settings)
    for (const moment of moments) {
      const where = JSON.stringify(moment)
      const stop = new AbortController()
      const waiting = lease.waitUntilAcquired({ signal: stop.signal })
      const seen = witnessed(waiting)
      await until(moment)
      const before = seen.outcome
      stop.abort("stop")
      await Promise.allSettled([waiting])
      await undefined
      if (before === "resolved") {
        assert.isTrue(lease.checkAlive(), where)
      } else {
        assert.deepStrictEqual(seen, { outcome: "rejected", with: "stop" }, where)
        assert.isFalse(lease.checkAlive(), where)
      }
      // A write that had been sent runs out behind, which a release awaits as well.
      await lease.release()
      assert.oneOf(await twin.holderOf(settings.name), [undefined, ""], where)
    }
  })

  it(
    "F76 A4 of two callers one gives up at every moment, and the other has the term",
    { timeout: 120_000 },
    async () => {
      const settings = fresh()
      const lease = twin.lease(settings)
      for (const moment of moments) {
        const stop = new AbortController()
        const given = lease.waitUntilAcquired({ signal: stop.signal }).catch(() => undefined)
        const acquired = lease.acquire()
        await until(moment)
        stop.abort("stop")
        assert.isTrue(await acquired, JSON.stringify(moment))
        await given
        assert.isTrue(lease.checkAlive(), JSON.stringify(moment))
        await lease.release()
      }
    }
  )
})

describe("P3 F76 release() as the server sees each request, and as each is answered", () => {
  let server: TestApiServer.RunningTestApiServer
  beforeAll(async () => {
    server = await TestApiServer.start()
  })
  afterAll(() => server.close())

  const twin: Pick<Twin, "holderOf"> = {
    holderOf: async (name) => (await server.getLease({ namespace: "default", name }))?.spec?.holderIdentity
  }

  for (const [title, call] of Object.entries(acquires)) {
    for (const at of ["seen", "answered"] as const) {
      for (const nth of [1, 2]) {
        it(`P3 F76 ${title}, request ${nth} ${at}`, async () => {
          const settings: TwinSettings = fresh()
          const lease = new KubernetesLease({
            ...settings,
            namespace: "default",
            apiBaseUrl: server.apiBaseUrl,
            caCert: server.caCert,
            serviceAccountToken: server.serviceAccountToken
          })
          let requests = 0
          const reached = new Promise<void>((resolve) => {
            void server.inject((at === "seen" ? Fault.delay(20) : Fault.delayAnswer(20)).pipe(
              Fault.of({ namespace: "default", name: settings.name }),
              Fault.when(() => {
                requests += 1
                if (requests === nth) {
                  resolve()
                }
                return requests <= nth
              })
            )).then(() => promises.push(call(lease)))
          })
          const promises: Array<Promise<unknown>> = []
          await reached
          const [promise] = promises
          assert.isDefined(promise)
          const seen = witnessed(promise)
          await lease.release()
          await undefined
          assert.isFalse(lease.checkAlive())
          assert.oneOf(await twin.holderOf(settings.name), [undefined, ""])
          assert.strictEqual(seen.outcome, "rejected")
          assert.propertyVal(seen.with, "name", "AbortError")
        })
      }
    }
  }
})

describe("X4 F68 release() with nothing held", () => {
  afterAll(() => InMemoryLease.reset())
  let server: TestApiServer.RunningTestApiServer
  beforeAll(async () => {
    server = await TestApiServer.start()
  })
  afterAll(() => server.close())

  it("X4 F68 a release that failed is told once: with nothing held, release() has nothing to fail with", async () => {
    const settings = fresh({ releaseTimeoutMs: 200 })
    const lease = new KubernetesLease({
      ...settings,
      namespace: "default",
      apiBaseUrl: server.apiBaseUrl,
      caCert: server.caCert,
      serviceAccountToken: server.serviceAccountToken
    })
    await lease.acquire()
    const remove = await server.inject(Fault.serviceUnavailable())
    const both = await Promise.allSettled([lease.release(), lease.release()])
    assert.deepStrictEqual(both.map(({ status }) => status), ["rejected", "rejected"], "one release, awaited twice")
    await lease.release()
    await remove()
    await lease.release()
    assert.isTrue(await lease.acquire())
    await lease.release()
    await lease.release()
  })
})
