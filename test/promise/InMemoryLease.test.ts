import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import { afterEach, assert, describe, it } from "vitest"
import { InMemoryLease } from "../../src/InMemoryLease.js"
import type { InMemoryLeaseSettings } from "../../src/InMemoryLease.js"
import { memoryLimits } from "../../src/internal/promise/memoryConnection.js"
import { memorySettings } from "../../src/internal/promise/settings.js"
import { InvalidSettings } from "../../src/InvalidSettings.js"
import { eventually, lossesOf, pause, rejection, standStill } from "../support/twins.js"

// Real time: the class owns its runtime.

const lease = (owner: string, overrides: Partial<InMemoryLeaseSettings> = {}) =>
  new InMemoryLease({ name: "leader", owner, ttlMs: 10_000, logger: () => undefined, ...overrides })

/** As a cold process, whose every step takes its time: what goes on meanwhile is answered too late for a ttl of 10 ms. */
const limp = async (millis: number): Promise<void> => {
  const until = performance.now() + millis
  while (performance.now() < until) {
    standStill(10)
    await undefined
  }
}

afterEach(() => InMemoryLease.reset())

describe("settings", () => {
  it("T2 takes a ttl of 10 ms, which counts from sending however long the first acquire takes", async () => {
    const a = lease("a", { ttlMs: 10 })
    const acquiring = a.acquire()
    await limp(150)
    assert.isTrue(await acquiring)
    assert.isAtMost(a.remainingMs(), 9)
  })

  it("tries for 4 s by default, as often as that allows, however short the ttl", () => {
    const { settings } = Either.getOrThrow(memorySettings({ name: "leader", owner: "a", ttlMs: 10 }, memoryLimits))
    assert.strictEqual(Duration.toMillis(settings.acquireTimeout), 4000)
    assert.isAtLeast(settings.acquireRetries * Duration.toMillis(settings.acquireRetryDelay), 4000)
  })

  it("an acquireTimeoutMs of its own bounds the acquire, however short", async () => {
    const acquiring = lease("a", { ttlMs: 10, acquireTimeoutMs: 10 }).acquire()
    await limp(150)
    assert.propertyVal(await rejection(acquiring), "_tag", "Transient")
  })

  it("refuses a ttl of 9 ms", () => {
    try {
      assert.fail(String(lease("a", { ttlMs: 9 })))
    } catch (error) {
      assert.instanceOf(error, InvalidSettings)
      assert.deepStrictEqual(error.faults.map(({ field, value }) => [field, value]), [["ttlMs", 9]])
    }
  })

  it("takes an object that builds settings", async () => {
    const a = new InMemoryLease({ build: () => ({ name: "leader", owner: "a", ttlMs: 10_000 }) })
    assert.isTrue(await a.acquire())
    await a.release()
  })

  it("R4 renews within fractions of a second", async () => {
    const a = lease("a", { ttlMs: 500, renewalIntervalMs: 5 })
    await a.acquire()
    const losses = lossesOf(a)
    // No longer than the term would last without renewals, unless this process cannot run.
    const startedAt = performance.now()
    while (performance.now() - startedAt < 1000 && losses.length === 0) {
      await pause(10)
    }
    // Whoever finds a loss hears of it before its handlers do.
    await eventually(() => losses.length > 0 || a.checkAlive())
    await a.release()
  })
})

describe("expiry", () => {
  it("E1 a lapsed holder's lease is taken after its ttl, and not a second later", async () => {
    const ttlMs = 300
    // It renews late, so that what `b` sees first is what it sees last.
    const a = lease("a", { ttlMs, renewalIntervalMs: 250 })
    const b = lease("b", { ttlMs })
    const losses = lossesOf(a)
    await a.acquire()
    assert.isFalse(await b.acquire())
    standStill(ttlMs)
    assert.isTrue(await b.acquire())
    assert.isTrue(b.checkAlive())
    assert.isFalse(a.checkAlive())
    await eventually(() => losses.length > 0)
    await pause(20)
    assert.deepStrictEqual(losses.map(({ _tag }) => _tag), ["Expired"])
    await b.release()
  })

  it("E1 T2 a lapsed holder's lease is taken by whoever waits, never before its ttl has passed", async () => {
    const ttlMs = 300
    const a = lease("a", { ttlMs })
    const b = lease("b", { ttlMs })
    await a.acquire()
    const acquiredAt = performance.now()
    const waiting = b.waitUntilAcquired()
    await pause(10)
    // Past the renew deadline, when nobody holds it.
    standStill(acquiredAt + 0.95 * ttlMs - performance.now())
    assert.isFalse(a.checkAlive())
    await waiting
    assert.isAtLeast(performance.now() - acquiredAt, ttlMs - 1)
    assert.isFalse(a.checkAlive())
    await b.release()
  })

  it("E1 a holder that renews keeps others out for longer than its ttl", async () => {
    const a = lease("a", { ttlMs: 1500, renewalIntervalMs: 50 })
    const b = lease("b", { ttlMs: 1500 })
    await a.acquire()
    const losses = lossesOf(a)
    const startedAt = performance.now()
    while (performance.now() - startedAt < 1700) {
      // A loss first: on a machine that stood still, the lease may rightly be another's.
      assert.isTrue(!(await b.acquire()) || losses.length > 0 || !a.checkAlive())
      await pause(50)
    }
    await Promise.allSettled([a.release(), b.release()])
  })
})

describe("the store", () => {
  it("has namespaces, of which \"default\" is the default", async () => {
    const a = lease("a")
    const elsewhere = lease("b", { namespace: "elsewhere" })
    const same = lease("b", { namespace: "default" })
    assert.isTrue(await a.acquire())
    assert.isTrue(await elsewhere.acquire())
    assert.isFalse(await same.acquire())
    await Promise.all([a.release(), elsewhere.release()])
  })

  it("has leases by name", async () => {
    const a = lease("a")
    const b = lease("b", { name: "other" })
    assert.isTrue(await a.acquire())
    assert.isTrue(await b.acquire())
    await Promise.all([a.release(), b.release()])
  })
})

describe("reset", () => {
  it("ends every term without a word, in every namespace, and leaves the store empty", async () => {
    const held = [lease("a"), lease("a", { namespace: "elsewhere" }), lease("a", { name: "other" })]
    const losses = held.map((each) => lossesOf(each))
    await Promise.all(held.map((each) => each.acquire()))
    const signals = held.map(({ signal }) => signal)
    InMemoryLease.reset()
    for (const each of held) {
      assert.isFalse(each.checkAlive())
      assert.strictEqual(each.remainingMs(), 0)
      assert.isFalse(await each.verify())
    }
    assert.isTrue(signals.every(({ aborted }) => aborted))
    const others = [lease("b"), lease("b", { namespace: "elsewhere" }), lease("b", { name: "other" })]
    assert.deepStrictEqual(await Promise.all(others.map((each) => each.acquire())), [true, true, true])
    await pause(50)
    assert.isTrue(losses.every((each) => each.length === 0))
    // What was held before is nobody's any more, and a release of it nothing.
    await Promise.all(held.map((each) => each.release()))
    assert.isTrue(others.every((each) => each.checkAlive()))
    await Promise.all(others.map((each) => each.release()))
  })

  it("lets the same instance acquire anew, with a term of its own", async () => {
    const a = lease("a")
    await a.acquire()
    InMemoryLease.reset()
    assert.isTrue(await a.acquire())
    assert.isTrue(await a.verify())
    assert.isFalse(await lease("b").acquire())
    await a.release()
  })

  it("a term that renews as the store is emptied is not lost either", async () => {
    const a = lease("a", { renewalIntervalMs: 5 })
    const losses = lossesOf(a)
    for (let round = 0; round < 20; round++) {
      await a.acquire()
      await pause(round)
      InMemoryLease.reset()
    }
    await pause(50)
    assert.isEmpty(losses)
    assert.isFalse(a.checkAlive())
  })

  it("tells nothing to whoever waits, who goes on and gets the lease", async () => {
    const a = lease("a")
    const b = lease("b")
    await a.acquire()
    const stop = new AbortController()
    const waiting = b.waitUntilAcquired({ signal: stop.signal })
    await pause(20)
    stop.abort("over")
    assert.strictEqual(await rejection(waiting), "over")
    InMemoryLease.reset()
    assert.isTrue(await b.acquire())
    await b.release()
  })

  it("whoever waits on has the lease at once, whatever was left of another's time", async () => {
    const a = lease("a", { ttlMs: 3_600_000 })
    const b = lease("b", { ttlMs: 3_600_000 })
    await a.acquire()
    const waiting = b.waitUntilAcquired()
    await pause(20)
    InMemoryLease.reset()
    await waiting
    assert.isTrue(b.checkAlive())
    await b.release()
  })
})
