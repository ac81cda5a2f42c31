import { afterEach, assert, describe, it } from "vitest"
import { InMemoryLease } from "../../src/InMemoryLease.js"
import type { InMemoryLeaseSettings } from "../../src/InMemoryLease.js"
import { pause, rejection } from "../support/twins.js"

// Real time: the class owns its runtime.

const lease = (owner: string, overrides: Partial<InMemoryLeaseSettings> = {}) =>
  new InMemoryLease({ name: "leader", owner, ttlMs: 10_000, logger: () => undefined, ...overrides })

afterEach(() => InMemoryLease.reset())

describe("waitUntilAcquired", () => {
  it("W1 has the lease once it is released", async () => {
    const a = lease("a")
    const b = lease("b")
    await a.acquire()
    const waiting = b.waitUntilAcquired()
    await pause(50)
    assert.isFalse(b.checkAlive())
    await a.release()
    await waiting
    assert.isTrue(b.checkAlive())
    await b.release()
  })

  it("rejects with the reason of its signal, aborted before or while it waits, and holds nothing", async () => {
    const a = lease("a")
    const b = lease("b")
    await a.acquire()
    assert.strictEqual(await rejection(b.waitUntilAcquired({ signal: AbortSignal.abort("stop") })), "stop")
    const stop = new AbortController()
    const waiting = rejection(b.waitUntilAcquired({ signal: stop.signal }))
    await pause(50)
    stop.abort("stop")
    assert.strictEqual(await waiting, "stop")
    await a.release()
    await pause(50)
    assert.isFalse(b.checkAlive())
  })

  it("A4 who waits on is not given up with another caller", async () => {
    const a = lease("a")
    const b = lease("b")
    await a.acquire()
    const stop = new AbortController()
    const aborted = rejection(b.waitUntilAcquired({ signal: stop.signal }))
    const waiting = b.waitUntilAcquired()
    stop.abort("stop")
    assert.strictEqual(await aborted, "stop")
    await a.release()
    await waiting
    await b.release()
  })

  it("A4 a wait that begins while another is being given up is its own", async () => {
    const a = lease("a")
    const b = lease("b")
    await a.acquire()
    const stop = new AbortController()
    const aborted = rejection(b.waitUntilAcquired({ signal: stop.signal }))
    await pause(50)
    stop.abort("stop")
    await Promise.resolve()
    await Promise.resolve()
    const waiting = b.waitUntilAcquired()
    assert.strictEqual(await aborted, "stop")
    await a.release()
    await waiting
    await b.release()
  })

  it("P3 release() ends it with an AbortError, and a wait right after is its own", async () => {
    const a = lease("a")
    const b = lease("b")
    await a.acquire()
    const waiting = rejection(b.waitUntilAcquired())
    await pause(50)
    const releasing = b.release()
    const again = b.waitUntilAcquired()
    assert.propertyVal(await waiting, "name", "AbortError")
    await releasing
    await a.release()
    await again
    assert.isTrue(b.checkAlive())
    await b.release()
  })

  it("acquireWaitMs: true in time, false after", async () => {
    const a = lease("a")
    const b = lease("b", { acquireWaitMs: 100 })
    await a.acquire()
    assert.isFalse(await b.acquire())
    const patient = lease("b", { acquireWaitMs: 20_000 })
    const acquiring = patient.acquire()
    await pause(50)
    await a.release()
    assert.isTrue(await acquiring)
    await patient.release()
  })

  it("X5 release({ to }) leaves it to one successor", async () => {
    const a = lease("a")
    const b = lease("b")
    const c = lease("c")
    await a.acquire()
    assert.propertyVal(await rejection(a.release({ to: "" })), "_tag", "InvalidSettings")
    assert.isTrue(a.checkAlive())
    const waiting = c.waitUntilAcquired()
    await pause(50)
    await a.release({ to: "b", handOverMs: 20_000 })
    assert.isFalse(c.checkAlive())
    assert.isTrue(await b.acquire())
    await b.release()
    await waiting
    await c.release()
  })
})

describe("P5 two instances with one name", () => {
  it("P5 the later holds; the first is lost once, to its own name, and may take it back", async () => {
    const first = lease("a")
    const second = lease("a")
    const lost: Array<unknown> = []
    first.onLost((_, { reason }) => lost.push(reason))
    await first.acquire()
    assert.isTrue(await second.acquire())
    assert.isFalse(first.checkAlive())
    await pause(50)
    assert.deepStrictEqual(lost, [{ _tag: "TakenOver", by: "a" }])
    assert.isTrue(await first.acquire())
    assert.isFalse(second.checkAlive())
    await first.release()
  })
})
