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
const limp = async (steps: number): Promise<void> => {
  for (let step = 0; step < steps; step++) {
    standStill(10)
    await undefined
  }
}

afterEach(() => InMemoryLease.reset())

describe("settings", () => {
  it("T2 takes a ttl of 10 ms, which counts from sending however long the first acquire takes", async () => {
    const a = lease("a", { ttlMs: 10 })
    const acquiring = a.acquire()
    await limp(15)
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
    await limp(15)
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
    // On a slow machine it would have renewed before it stands still.
    const a = lease("a", { ttlMs, renewalIntervalMs: 250 })
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
  it("F104 ends every term, told by the time that it returns, in every namespace, and leaves the store empty", async () => {
    const held = [lease("a"), lease("a", { namespace: "elsewhere" }), lease("a", { name: "other" })]
    const losses = held.map((each) => lossesOf(each))
    await Promise.all(held.map((each) => each.acquire()))
    const signals = held.map(({ signal }) => signal)
    InMemoryLease.reset()
    assert.isTrue(losses.every(([loss, ...others]) => loss?._tag === "Deleted" && others.length === 0))
    for (const each of held) {
      assert.isFalse(each.checkAlive())
      assert.strictEqual(each.remainingMs(), 0)
      assert.isFalse(await each.verify())
    }
    assert.isTrue(signals.every(({ aborted }) => aborted))
    const others = [lease("b"), lease("b", { namespace: "elsewhere" }), lease("b", { name: "other" })]
    assert.deepStrictEqual(await Promise.all(others.map((each) => each.acquire())), [true, true, true])
    await pause(50)
    assert.isTrue(losses.every((each) => each.length === 1))
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

  it("F104 a term that renews as the store is emptied is lost once", async () => {
    const a = lease("a", { renewalIntervalMs: 5 })
    const losses = lossesOf(a)
    for (let round = 0; round < 20; round++) {
      await a.acquire()
      await pause(round)
      InMemoryLease.reset()
      assert.lengthOf(losses, round + 1)
    }
    await pause(50)
    assert.lengthOf(losses, 20)
    assert.isFalse(a.checkAlive())
  })

  it("F104 whoever waits or acquires is rejected, and holds nothing later", async () => {
    const [a, b, c] = [lease("a"), lease("b"), lease("c", { acquireWaitMs: 60_000 })]
    await a.acquire()
    const outcomes = [rejection(b.waitUntilAcquired()), rejection(c.acquire())]
    await pause(20)
    const acquiring = rejection(lease("d", { name: "other" }).acquire())
    InMemoryLease.reset()
    for (const outcome of await Promise.all([...outcomes, acquiring])) {
      assert.include(outcome, { name: "AbortError", message: "InMemoryLease.reset() was called" })
    }
    await pause(50)
    assert.isFalse([b, c].some((each) => each.checkAlive()))
    assert.isTrue(await lease("e").acquire())
    assert.isTrue(await lease("e", { name: "other" }).acquire())
    InMemoryLease.reset()
  })

  it("F104 whoever leads is told to stop", async () => {
    const reasons: Array<unknown> = []
    let isWorking = false
    const leading = InMemoryLease.lead(
      { name: "leader", ttlMs: 10_000, logger: () => {} },
      ({ signal }) =>
        new Promise((resolve) => {
          isWorking = true
          signal.addEventListener("abort", () => resolve(void reasons.push(signal.reason.name)))
        })
    )
    await eventually(() => isWorking)
    const next = InMemoryLease.lead({ name: "leader", owner: "b", ttlMs: 10_000 }, () => assert.fail("works"))
    await pause(20)
    InMemoryLease.reset()
    await Promise.all([leading, next])
    assert.deepStrictEqual(reasons, ["AbortError"])
  })
})

describe("takeOver", () => {
  it("F105 the holder loses the lease as to another process, which keeps it for the record's duration", async () => {
    const a = lease("a", { ttlMs: 500 })
    await a.acquire()
    const { signal } = a
    const losses = lossesOf(a)
    await InMemoryLease.takeOver({ name: "leader" })
    assert.isTrue(signal.aborted)
    assert.isFalse(a.isHeld)
    await eventually(() => losses.length > 0)
    assert.deepStrictEqual(losses, [{ _tag: "TakenOver", by: "another process" }])
    assert.propertyVal(await a.holder(), "owner", "another process")
    assert.isFalse(await a.acquire())
    const takenAt = performance.now()
    await a.waitUntilAcquired()
    assert.isAbove(performance.now() - takenAt, 300)
    assert.lengthOf(losses, 1)
  })

  it("F105 in nobody's name, it is lost and free at once", async () => {
    const a = lease("a", { namespace: "elsewhere" })
    await a.acquire()
    const losses = lossesOf(a)
    await InMemoryLease.takeOver({ name: "leader", namespace: "elsewhere" }, "")
    await eventually(() => losses.length > 0)
    assert.deepStrictEqual(losses, [{ _tag: "Deleted" }])
    assert.isUndefined(await a.holder())
    assert.isTrue(await a.acquire())
  })

  it("F105 what nobody holds is then another's", async () => {
    await InMemoryLease.takeOver({ name: "leader" }, "b")
    assert.isFalse(await lease("a").acquire())
    assert.isTrue(await lease("b").acquire())
  })

  it("F105 work that leads is told, and leads again", async () => {
    let terms = 0
    const leading = InMemoryLease.lead({ name: "leader", ttlMs: 10_000, logger: () => {} }, ({ signal }) => {
      terms += 1
      return new Promise((resolve) => signal.addEventListener("abort", () => resolve()))
    })
    await eventually(() => terms === 1)
    await InMemoryLease.takeOver({ name: "leader" }, "")
    await eventually(() => terms === 2)
    await leading.stop()
  })
})
