import { assert, describe, it } from "@effect/vitest"
import { Holdings } from "./holdings.js"

const belief = (from: number, until: number) =>
  ({ type: "belief", at: until, held: { from, until }, validUntil: until, looks: 1 }) as const

describe("Holdings", () => {
  it("finds two members that held at one instant, whoever reports first", () => {
    for (const order of [["a", "b"], ["b", "a"]]) {
      const holdings = new Holdings()
      for (const member of order) {
        holdings.add(member, `${member}-1`, member === "a" ? belief(0, 10) : belief(10, 20))
      }
      assert.match(String(holdings.overlap), /both believed/)
    }
  })

  it("lets one hold after the other, and the same one go on", () => {
    const holdings = new Holdings()
    holdings.add("a", "a-1", belief(0, 5))
    holdings.add("a", "a-1", belief(0, 10))
    holdings.add("b", "b-1", belief(11, 20))
    assert.isUndefined(holdings.overlap)
    assert.strictEqual(holdings.all.length, 2)
    assert.strictEqual(holdings.narrowestGapMs, 1)
  })

  it("tells who held for most of a stretch", () => {
    const holdings = new Holdings()
    holdings.add("a", "a-1", belief(0, 4))
    holdings.add("b", "b-1", belief(5, 10))
    assert.strictEqual(holdings.mostOf(0, 10), "b")
    assert.strictEqual(holdings.mostOf(0, 5), "a")
    assert.isUndefined(holdings.mostOf(20, 30))
  })
})
