import { describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as FastCheck from "effect/FastCheck"
import { assert } from "vitest"
import { nextRenewal } from "../../../src/internal/decisions/renewalCadence.js"
import { beforeDeadline, retryDelayMillis } from "../../../src/internal/decisions/retryDelay.js"
import { Transient } from "../../../src/KubeError.js"

const fraction = FastCheck.double({ min: 0, max: 1, noNaN: true })

describe("nextRenewal", () => {
  it("R1 stands on a grid from the acquiring write on", () => {
    assert.deepStrictEqual(nextRenewal(10_000, 0, 0, 0), { slot: 1, delayMillis: 10_000 })
    assert.deepStrictEqual(nextRenewal(10_000, 0, 1, 10_030), { slot: 2, delayMillis: 9970 })
    assert.deepStrictEqual(nextRenewal(10_000, 0.5, 0, 0), { slot: 1, delayMillis: 9500 })
    assert.deepStrictEqual(nextRenewal(10_000, 0.5, 1, 9500), { slot: 2, delayMillis: 10_000 })
  })

  it("R1 skips what a pause has missed", () => {
    assert.deepStrictEqual(nextRenewal(10_000, 0, 1, 47_000), { slot: 5, delayMillis: 3000 })
  })

  it("F13 a timer that fires early renews no slot twice", () => {
    assert.deepStrictEqual(nextRenewal(10_000, 0, 1, 9999), { slot: 2, delayMillis: 10_001 })
  })

  it.prop(
    "R1 never late, and at most a tenth of an interval early",
    [FastCheck.integer({ min: 10, max: 60_000 }), fraction, FastCheck.nat(1000), fraction],
    ([interval, random, lastSlot, sinceLast]) => {
      const lastPlanned = lastSlot * interval - interval * 0.1 * random
      const elapsed = Math.max(0, lastPlanned) + sinceLast * interval * 0.9
      const { delayMillis } = nextRenewal(interval, random, lastSlot, elapsed)
      const gap = elapsed + delayMillis - Math.max(0, lastPlanned)
      return gap <= interval + 1e-6 && gap >= interval * 0.9 - 2
    }
  )
})

describe("retryDelayMillis", () => {
  const transient = (retryAfter?: Duration.Duration) =>
    new Transient({
      operation: "patch",
      ref: { namespace: "default", name: "leader" },
      kind: "Status",
      message: "429",
      retryAfter
    })

  const delay = (attempt: number, options: { retryAfter?: number; timeLeft?: number; random?: number } = {}) =>
    retryDelayMillis({
      attempt,
      error: transient(options.retryAfter === undefined ? undefined : Duration.millis(options.retryAfter)),
      random: options.random ?? 1,
      ...beforeDeadline(5000, options.timeLeft ?? 17_000)
    })

  it("R3 doubles from 100 ms up to half a request's timeout, jittered towards less", () => {
    assert.deepStrictEqual([0, 1, 2, 3, 10].map((attempt) => delay(attempt)), [100, 200, 400, 800, 2500])
    assert.strictEqual(delay(2, { random: 0 }), 200)
  })

  it("F16 R5 Retry-After is honoured, but leaves time for one more request", () => {
    assert.strictEqual(delay(0, { retryAfter: 7000 }), 7000)
    assert.strictEqual(delay(0, { retryAfter: 60_000 }), 12_000)
    assert.strictEqual(delay(0, { retryAfter: 1 }), 100)
  })

  it.prop(
    "F16 never sleeps past the deadline for a Retry-After",
    [FastCheck.nat(20), FastCheck.nat(100_000), FastCheck.nat(20_000), fraction],
    ([attempt, retryAfter, timeLeft, random]) => {
      const millis = delay(attempt, { retryAfter, timeLeft, random })
      return millis <= Math.max(timeLeft, delay(attempt, { timeLeft, random }))
    }
  )
})
