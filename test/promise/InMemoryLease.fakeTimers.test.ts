import { afterEach, assert, beforeEach, describe, it, vi } from "vitest"
import { InMemoryLease } from "../../src/InMemoryLease.js"
import { lossesOf } from "../support/twins.js"

const lease = (owner: string, ttlMs = 30_000) =>
  new InMemoryLease({ name: "leader", owner, ttlMs, logger: () => undefined })

/** What comes of a promise that needs no more than a few timers of no length. */
const soon = async <A>(promise: Promise<A>): Promise<A> => {
  await vi.advanceTimersByTimeAsync(1)
  return promise
}

const all = [
  "setTimeout",
  "clearTimeout",
  "setInterval",
  "clearInterval",
  "setImmediate",
  "clearImmediate",
  "Date",
  "performance",
  "hrtime"
] as const

/** What runners fake, or leave alone. */
const runners: ReadonlyArray<readonly [runner: string, config: NonNullable<Parameters<typeof vi.useFakeTimers>[0]>]> = [
  ["vitest", {}],
  ["vitest 2, which leaves performance alone", { toFake: all.slice(0, 7) }],
  ["Jest, which fakes microtasks too", { toFake: [...all, "queueMicrotask"] }],
  ["a test of another time", { now: 0 }]
]

for (const [runner, config] of runners) {
  describe(`under the fake timers of ${runner}`, () => {
    beforeEach(() => {
      vi.useFakeTimers(config)
    })
    afterEach(() => {
      InMemoryLease.reset()
      vi.useRealTimers()
    })

    it("F103 a term is kept for as long as time is let pass, and so are others out", async () => {
      const a = lease("a")
      assert.isTrue(await soon(a.acquire()))
      const losses = lossesOf(a)
      const waiting = lease("b").waitUntilAcquired()
      await vi.advanceTimersByTimeAsync(10 * 60_000)
      assert.isTrue(a.checkAlive())
      assert.isAbove(a.remainingMs(), 15_000)
      assert.isEmpty(losses)
      assert.isFalse(await soon(lease("c").acquire()))
      await soon(a.release())
      await soon(waiting)
      assert.isFalse(a.checkAlive())
    })

    it("F103 T2 a Date that jumps past the term ends it", async () => {
      const a = lease("a")
      await soon(a.acquire())
      vi.setSystemTime(Date.now() + 27_000)
      assert.isFalse(a.checkAlive())
    })

    it("F103 a Date that is set back changes nothing", async () => {
      const a = lease("a")
      await soon(a.acquire())
      vi.setSystemTime(Date.now() - 3_600_000)
      await vi.advanceTimersByTimeAsync(60_000)
      assert.isTrue(a.checkAlive())
    })

    it("F104 reset() leaves no timer, and tells whoever holds or waits before they could have gone off", async () => {
      const a = lease("a")
      await soon(a.acquire())
      const losses = lossesOf(a)
      const waiting = lease("b").waitUntilAcquired().catch((error: Error) => error.name)
      const leading = InMemoryLease.lead(
        { name: "other", owner: "c", ttlMs: 30_000, logger: () => {} },
        ({ signal }) => new Promise((resolve) => signal.addEventListener("abort", () => resolve()))
      )
      await vi.advanceTimersByTimeAsync(60_000)
      assert.isAbove(vi.getTimerCount(), 0)
      InMemoryLease.reset()
      assert.deepStrictEqual(losses, [{ _tag: "Deleted" }])
      assert.strictEqual(await waiting, "AbortError")
      await soon(leading)
      assert.strictEqual(vi.getTimerCount(), 0)
    })
  })
}

describe("timers that are real again", () => {
  it("F103 a term that began under fake ones is one like any other", async () => {
    vi.useFakeTimers()
    const a = lease("a")
    await soon(a.acquire())
    await vi.advanceTimersByTimeAsync(60_000)
    InMemoryLease.reset()
    vi.useRealTimers()
    assert.isTrue(await a.acquire())
    assert.isTrue(await a.verify())
    await a.release()
  })
})
