import { getEventListeners } from "node:events"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import type { LeadWork } from "../../src/KubernetesLease.js"
import { KubernetesLease } from "../../src/KubernetesLease.js"
import * as Fault from "../../src/testing/Fault.js"
import * as TestApiServer from "../../src/testing/TestApiServer.js"
import { describeTwins, eventually, fresh, pause, rejection, standStill } from "../support/twins.js"

// Real time: the classes own their runtimes.

const untilAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) {
      return resolve()
    }
    signal.addEventListener("abort", () => resolve(), { once: true })
  })

/** Work that leads until it is told to stop, and remembers its terms. */
const leader = () => {
  const terms: Array<{ readonly token: bigint; readonly signal: AbortSignal }> = []
  const work: LeadWork = async ({ signal, token }) => {
    terms.push({ token: BigInt(token), signal })
    await untilAborted(signal)
  }
  return { terms, work }
}

describeTwins("W4 lead", (twin) => {
  it("W4 resolves without acquiring if it is told to stop before", async () => {
    const settings = fresh()
    const { terms, work } = leader()
    await twin.lead(settings, work, { signal: AbortSignal.abort("stop") })
    assert.isEmpty(terms)
    assert.isUndefined(await twin.holderOf(settings.name))
  })

  it("W4 told to stop during work, it aborts that, awaits its end, releases, and only then resolves", async () => {
    const settings = fresh()
    const stop = new AbortController()
    const order: Array<unknown> = []
    let isWorking = false
    const leading = twin.lead(settings, async ({ signal }) => {
      isWorking = true
      await untilAborted(signal)
      order.push(signal.reason)
      await pause(50)
      order.push(`ended, held by ${String(await twin.holderOf(settings.name))}`)
    }, { signal: stop.signal }).then(() => order.push("resolved"))
    await eventually(() => isWorking)
    stop.abort("stop")
    await leading
    assert.deepStrictEqual(order, ["stop", "ended, held by a", "resolved"])
    assert.isUndefined(await twin.holderOf(settings.name))
  })

  it("W4 told to stop while it waits, it resolves and holds nothing later", async () => {
    const settings = fresh()
    const holder = twin.lease({ ...settings, owner: "holder" })
    await holder.acquire()
    const stop = new AbortController()
    const { terms, work } = leader()
    const leading = twin.lead(settings, work, { signal: stop.signal })
    await pause(50)
    stop.abort("stop")
    await leading
    await holder.release()
    await pause(50)
    assert.isEmpty(terms)
    assert.isUndefined(await twin.holderOf(settings.name))
  })

  it("W4 a loss aborts the work with the LeaseLost; it runs again in a later term", async () => {
    const settings = fresh({ renewalIntervalMs: 50 })
    const stop = new AbortController()
    const { terms, work } = leader()
    const leading = twin.lead(settings, work, { signal: stop.signal })
    await eventually(() => terms.length === 1)
    await twin.takeOver(settings.name, "somebody")
    await eventually(() => terms[0]?.signal.aborted === true)
    assert.propertyVal(terms[0]?.signal.reason, "_tag", "LeaseLost")
    assert.deepInclude(terms[0]?.signal.reason, { reason: { _tag: "TakenOver", by: "somebody" } })
    await pause(50)
    assert.lengthOf(terms, 1)
    await twin.takeOver(settings.name, "")
    await eventually(() => terms.length === 2)
    assert.isTrue((terms[1]?.token ?? 0n) > (terms[0]?.token ?? 0n))
    assert.isFalse(terms[1]?.signal.aborted)
    stop.abort("stop")
    await leading
    assert.isUndefined(await twin.holderOf(settings.name))
  })

  it("W4 after a loss it runs again only once the work has ended", async () => {
    const settings = fresh({ renewalIntervalMs: 50 })
    const stop = new AbortController()
    let running = 0
    let terms = 0
    let most = 0
    const leading = twin.lead(settings, async ({ signal }) => {
      terms += 1
      running += 1
      most = Math.max(most, running)
      await untilAborted(signal)
      await pause(100)
      running -= 1
    }, { signal: stop.signal })
    await eventually(() => terms === 1)
    // Its holder has lost it, and it is free at once.
    await twin.takeOver(settings.name, "")
    await eventually(() => terms === 2)
    assert.strictEqual(most, 1)
    stop.abort("stop")
    await leading
    assert.strictEqual(running, 0)
  })

  it("W4 work that ends at once makes no hot loop: in between, others have one interval", async () => {
    const settings = fresh({ renewalIntervalMs: 300 })
    const stop = new AbortController()
    const startedAt: Array<number> = []
    const tokens: Array<bigint> = []
    const leading = twin.lead(settings, ({ token }) => {
      startedAt.push(performance.now())
      tokens.push(BigInt(token))
      return Promise.resolve()
    }, { signal: stop.signal })
    await eventually(() => startedAt.length === 3)
    stop.abort("stop")
    await leading
    // A timer may fire a millisecond early.
    const gaps = startedAt.slice(1).map((time, index) => time - (startedAt[index] ?? time))
    assert.isTrue(gaps.every((gap) => gap >= 298), gaps.join())
    assert.isTrue(tokens.slice(1).every((token, index) => token > (tokens[index] ?? token)))
    assert.isUndefined(await twin.holderOf(settings.name))
  })

  it("W4 told to stop between two terms, it resolves without another", async () => {
    const settings = fresh({ ttlMs: 100_000, renewalIntervalMs: 60_000 })
    const stop = new AbortController()
    let terms = 0
    const leading = twin.lead(settings, () => {
      terms += 1
      return Promise.resolve()
    }, { signal: stop.signal })
    await eventually(async () => terms === 1 && await twin.holderOf(settings.name) === undefined)
    stop.abort("stop")
    await leading
    assert.strictEqual(terms, 1)
  })

  it("P7 with onError \"stop\", work that fails ends it, after a release, with what it failed with", async () => {
    const settings = fresh()
    const failure = new Error("work")
    const options = { onError: "stop" } as const
    assert.strictEqual(await rejection(twin.lead(settings, () => Promise.reject(failure), options)), failure)
    assert.isUndefined(await twin.holderOf(settings.name))
    const thrown = await rejection(twin.lead(settings, () => {
      throw failure
    }, options))
    assert.strictEqual(thrown, failure)
    assert.isUndefined(await twin.holderOf(settings.name))
  })

  it("P7 F102 work that fails is logged, and runs again in later terms, each after a longer pause", async () => {
    const renewalIntervalMs = 100
    const logged: Array<unknown> = []
    const settings = fresh({
      renewalIntervalMs,
      logger: (level, message, { error }) => void (level === "error" && logged.push(message, error))
    })
    const failure = "no Error"
    const startedAt: Array<number> = []
    const tokens: Array<bigint> = []
    const leading = twin.lead(settings, ({ token }) => {
      startedAt.push(performance.now())
      tokens.push(BigInt(token))
      return Promise.reject(failure)
    })
    await eventually(() => startedAt.length === 4)
    await leading.stop()
    const gaps = startedAt.slice(1).map((time, index) => time - (startedAt[index] ?? time))
    // A timer may fire a millisecond early.
    assert.isTrue(gaps.every((gap, index) => gap >= renewalIntervalMs * 2 ** index - 2), gaps.join())
    assert.isTrue(tokens.slice(1).every((token, index) => token > (tokens[index] ?? token)))
    assert.deepStrictEqual(logged.slice(0, 2), [
      `The work failed; the lease is released, and run for again in ${renewalIntervalMs} ms`,
      failure
    ])
    assert.isUndefined(await twin.holderOf(settings.name))
  })

  it("P7 while the work of one backs off, another leads", async () => {
    const settings = fresh({ renewalIntervalMs: 5000 })
    const failing = twin.lead(settings, () => Promise.reject(new Error("work")))
    const { terms, work } = leader()
    const other = twin.lead({ ...settings, owner: "b" }, work)
    await eventually(() => terms.length === 1)
    assert.isFalse(terms[0]?.signal.aborted)
    await Promise.all([failing.stop(), other.stop()])
  })

  it("P7 stop() aborts the work, and resolves once that has ended and the lease is released", async () => {
    const settings = fresh()
    const order: Array<unknown> = []
    const leading = twin.lead(settings, async ({ signal }) => {
      order.push("working")
      await untilAborted(signal)
      order.push(signal.reason.name)
      await pause(50)
      order.push(`ended, held by ${String(await twin.holderOf(settings.name))}`)
    })
    await eventually(() => order.length > 0)
    const stopped = leading.stop()
    assert.strictEqual(stopped, leading.stop())
    await stopped
    assert.deepStrictEqual(order, ["working", "AbortError", "ended, held by a"])
    assert.isUndefined(await twin.holderOf(settings.name))
    await leading
  })

  it("P7 stop() ends a wait, and a signal given beside it is let go", async () => {
    const settings = fresh()
    const holder = twin.lease({ ...settings, owner: "holder" })
    await holder.acquire()
    const { terms, work } = leader()
    const { signal } = new AbortController()
    {
      await using leading = twin.lead(settings, work, { signal })
      assert.isFunction(leading.stop)
      assert.lengthOf(getEventListeners(signal, "abort"), 1)
    }
    assert.isEmpty(getEventListeners(signal, "abort"))
    await holder.release()
    await pause(50)
    assert.isEmpty(terms)
  })

  it("W4 work that fails once it is told to stop, with whatever, is no failure", async () => {
    for (const failWith of [(signal: AbortSignal): unknown => signal.reason, () => new Error("while stopping")]) {
      const logged: Array<string> = []
      const settings = fresh({ logger: (level, message) => void logged.push(`${level}: ${message}`) })
      const stop = new AbortController()
      const leading = twin.lead(settings, async ({ signal }) => {
        stop.abort(new Error("stop"))
        throw failWith(signal)
      }, { signal: stop.signal })
      await leading
      assert.isUndefined(await twin.holderOf(settings.name))
      const warnings = logged.filter((line) => line.startsWith("warn"))
      // Its own reason says nothing new.
      assert.lengthOf(warnings, failWith(stop.signal) === stop.signal.reason ? 0 : 1)
    }
  })

  it("W4 work that fails because of a loss leads on", async () => {
    const settings = fresh({ renewalIntervalMs: 50 })
    const stop = new AbortController()
    let terms = 0
    const leading = twin.lead(settings, async ({ signal }) => {
      terms += 1
      await untilAborted(signal)
      throw signal.reason
    }, { signal: stop.signal })
    await eventually(() => terms === 1)
    await twin.takeOver(settings.name, "")
    await eventually(() => terms === 2)
    stop.abort("stop")
    await leading
  })

  it("W4 two that lead by turns never do so at once", async () => {
    const settings = fresh({ renewalIntervalMs: 50 })
    const stop = new AbortController()
    const order: Array<string> = []
    let leaders = 0
    const candidate = (owner: string) =>
      twin.lead({ ...settings, owner }, async () => {
        leaders += 1
        assert.strictEqual(leaders, 1)
        order.push(owner)
        await pause(10)
        leaders -= 1
      }, { signal: stop.signal })
    const leading = [candidate("a"), candidate("b")]
    await eventually(() => ["a", "b"].every((owner) => order.filter((each) => each === owner).length >= 3))
    stop.abort("stop")
    await Promise.all(leading)
    assert.isUndefined(await twin.holderOf(settings.name))
  })

  it("F21 F79 work that meets the loss before the server has told of it leads on: the server is asked", async () => {
    const logged: Array<string> = []
    const settings = fresh({ logger: (level, message) => void (level === "warn" && logged.push(message)) })
    const stop = new AbortController()
    let terms = 0
    const leading = twin.lead(settings, async ({ signal }) => {
      terms += 1
      if (terms > 1) {
        return untilAborted(signal)
      }
      await twin.takeOver(settings.name, "")
      throw new Error("the store knows of a newer token")
    }, { signal: stop.signal })
    await eventually(() => terms === 2)
    stop.abort("stop")
    await leading
    assert.lengthOf(logged.filter((message) => message.includes("taken for the reason")), 1)
  })

  for (
    const [how, end] of [
      ["fails", () => Promise.reject(new Error("refused"))],
      ["ends", () => Promise.resolve()]
    ] as const
  ) {
    it(`F21 F79 T5 work that ${how} past the deadline has lost its term, although nobody has noticed yet`, async () => {
      const renewalIntervalMs = 1400
      const settings = fresh({ ttlMs: 2000, renewalIntervalMs })
      const stop = new AbortController()
      const startedAt: Array<number> = []
      let endedAt = 0
      const leading = twin.lead(settings, async ({ signal }) => {
        startedAt.push(performance.now())
        if (startedAt.length > 1) {
          return untilAborted(signal)
        }
        standStill(1900)
        endedAt = performance.now()
        return end()
      }, { signal: stop.signal })
      await eventually(() => startedAt.length === 2)
      // After an end of its own will it would have left others one interval.
      assert.isBelow((startedAt[1] ?? NaN) - endedAt, renewalIntervalMs)
      stop.abort("stop")
      await leading
    })
  }

  it("F80 work does not begin under a term that has run out on the way, nor once it is told to stop", async () => {
    const settings = fresh({ ttlMs: 1000 })
    const stop = new AbortController()
    const begun: Array<boolean> = []
    let stalls = 0
    const leading = twin.lead({
      ...settings,
      logger: (_level, message) => {
        // The engine tells of the term before its caller can know of it.
        if (message === "Acquired" && stalls < 2) {
          stalls += 1
          standStill(1200)
        }
      }
    }, async ({ signal }) => {
      begun.push(signal.aborted)
      await untilAborted(signal)
    }, { signal: stop.signal })
    await eventually(() => begun.length > 0)
    stop.abort("stop")
    await leading
    assert.strictEqual(stalls, 2)
    assert.deepStrictEqual(begun, [false])
  })

  it("F81 leases by the dozen under one signal add one listener to it, and take it away", async () => {
    const stop = new AbortController()
    const settings = Array.from({ length: 15 }, () => fresh({ renewalIntervalMs: 500 }))
    const warnings: Array<string> = []
    const onWarning = ({ name }: Error) => void warnings.push(name)
    process.on("warning", onWarning)
    let terms = 0
    const leading = settings.map((each) =>
      twin.lead(each, ({ signal }) => {
        terms += 1
        return terms % 2 === 0 ? Promise.resolve() : untilAborted(signal)
      }, { signal: stop.signal })
    )
    await eventually(() => terms >= 20)
    assert.lengthOf(getEventListeners(stop.signal, "abort"), 1)
    // The last one that stops listening takes the listener away.
    const idle = new AbortController()
    await Promise.all([1, 2].map(() => twin.lease(fresh()).waitUntilAcquired({ signal: idle.signal })))
    assert.isEmpty(getEventListeners(idle.signal, "abort"))
    stop.abort("stop")
    await Promise.all(leading)
    assert.isEmpty(getEventListeners(stop.signal, "abort"))
    process.off("warning", onWarning)
    assert.notInclude(warnings, "MaxListenersExceededWarning")
  })

  it("wrong settings reject", async () => {
    const error = await rejection(twin.lead(fresh({ owner: "" }), () => Promise.resolve()))
    assert.propertyVal(error, "_tag", "InvalidSettings")
  })
})

describe("W4 lead, refused", () => {
  let server: TestApiServer.RunningTestApiServer
  beforeAll(async () => {
    server = await TestApiServer.start()
  })
  afterAll(() => server.close())

  const settings = () => ({
    ...fresh({ renewalIntervalMs: 50 }),
    namespace: "default",
    apiBaseUrl: server.apiBaseUrl,
    caCert: server.caCert,
    serviceAccountToken: server.serviceAccountToken
  })

  it("W4 Forbidden before the first term rejects", async () => {
    const serviceAccountToken = await server.issueToken({ rules: [] })
    let terms = 0
    const error = await rejection(KubernetesLease.lead({ ...settings(), serviceAccountToken }, () => {
      terms += 1
      return Promise.resolve()
    }))
    assert.propertyVal(error, "_tag", "Forbidden")
    assert.strictEqual(terms, 0)
  })

  it("W4 Forbidden after a term is waited out", async () => {
    const warnings: Array<string> = []
    const given = {
      ...settings(),
      releaseTimeoutMs: 10_000,
      logger: (level: string, message: string) => void (level === "warn" && warnings.push(message))
    }
    const stop = new AbortController()
    const tokens: Array<bigint> = []
    let remove: (() => Promise<void>) | undefined
    const leading = KubernetesLease.lead(given, async ({ signal, token }) => {
      tokens.push(BigInt(token))
      if (remove === undefined) {
        remove = await server.inject(Fault.forbidden())
        return
      }
      await untilAborted(signal)
    }, { signal: stop.signal })
    await eventually(() => warnings.some((message) => message.startsWith("Cannot run for the lease again")))
    assert.lengthOf(tokens, 1)
    await remove?.()
    await eventually(() => tokens.length === 2)
    assert.isTrue((tokens[1] ?? 0n) > (tokens[0] ?? 0n))
    stop.abort("stop")
    await leading
    assert.isUndefined(await server.getLease({ namespace: "default", name: given.name }))
  })
})
