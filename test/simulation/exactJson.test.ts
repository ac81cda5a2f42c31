import { assert, describe, it } from "@effect/vitest"
import { parse, print } from "./exactJson.js"
import { drawPlan } from "./plan.js"

describe("a history that is kept is the one that was found", () => {
  it("whatever has been drawn", () => {
    for (let seed = 1; seed <= 50; seed++) {
      const plan = drawPlan(seed)
      assert.deepStrictEqual(parse(print(plan)), plan)
    }
  })

  it("what JSON has no word for", () => {
    const value = {
      numbers: [0, -0, 0.1, 1e300, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN],
      bigints: [0n, -1n, 9_007_199_254_740_993n],
      strings: ["", "=", "=1n", "==undefined", "Infinity", "\"\n\u2028"],
      nothing: [undefined, null, [], {}],
      field: undefined
    }
    const again = parse(print(value))
    assert.deepStrictEqual(again, value)
    assert.isTrue(Object.hasOwn(again as object, "field"))
  })
})
