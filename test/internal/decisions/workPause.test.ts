import { assert, describe, it } from "vitest"
import { pauseMillisAfter } from "../../../src/internal/decisions/workPause.js"

const ended = { hasFailed: true, failuresBefore: 0, workedMillis: 10, intervalMillis: 10_000 }

describe("pauseMillisAfter", () => {
  it("W4 work that ends by itself leaves others one interval", () => {
    assert.deepStrictEqual(pauseMillisAfter({ ...ended, hasFailed: false, failuresBefore: 7 }), {
      pauseMillis: 10_000,
      failuresInARow: 0
    })
  })

  it("P7 each failure in a row doubles the pause, up to a minute", () => {
    const pauses = [0, 1, 2, 3, 100].map((failuresBefore) => pauseMillisAfter({ ...ended, failuresBefore }).pauseMillis)
    assert.deepStrictEqual(pauses, [10_000, 20_000, 40_000, 60_000, 60_000])
  })

  it("P7 an interval of more than a minute is never shortened", () => {
    assert.strictEqual(pauseMillisAfter({ ...ended, failuresBefore: 3, intervalMillis: 90_000 }).pauseMillis, 90_000)
  })

  it("P7 work that has lasted for longer than the longest pause begins the count anew", () => {
    assert.strictEqual(pauseMillisAfter({ ...ended, failuresBefore: 9, workedMillis: 60_001 }).pauseMillis, 10_000)
    assert.strictEqual(pauseMillisAfter({ ...ended, failuresBefore: 9, workedMillis: 60_000 }).failuresInARow, 10)
  })
})
