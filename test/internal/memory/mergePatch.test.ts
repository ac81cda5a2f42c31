import { assert, describe, it } from "@effect/vitest"
import { mergePatch } from "../../../src/internal/memory/mergePatch.js"

describe("mergePatch", () => {
  // The examples of RFC 7386, appendix A.
  const examples: ReadonlyArray<readonly [target: string, patch: string, result: string]> = [
    [`{"a":"b"}`, `{"a":"c"}`, `{"a":"c"}`],
    [`{"a":"b"}`, `{"b":"c"}`, `{"a":"b","b":"c"}`],
    [`{"a":"b"}`, `{"a":null}`, `{}`],
    [`{"a":"b","b":"c"}`, `{"a":null}`, `{"b":"c"}`],
    [`{"a":["b"]}`, `{"a":"c"}`, `{"a":"c"}`],
    [`{"a":"c"}`, `{"a":["b"]}`, `{"a":["b"]}`],
    [`{"a":{"b":"c"}}`, `{"a":{"b":"d","c":null}}`, `{"a":{"b":"d"}}`],
    [`{"a":[{"b":"c"}]}`, `{"a":[1]}`, `{"a":[1]}`],
    [`["a","b"]`, `["c","d"]`, `["c","d"]`],
    [`{"a":"b"}`, `["c"]`, `["c"]`],
    [`{"a":"foo"}`, `null`, `null`],
    [`{"a":"foo"}`, `"bar"`, `"bar"`],
    [`{"e":null}`, `{"a":1}`, `{"e":null,"a":1}`],
    [`[1,2]`, `{"a":"b","c":null}`, `{"a":"b"}`],
    [`{}`, `{"a":{"bb":{"ccc":null}}}`, `{"a":{"bb":{}}}`]
  ]
  for (const [target, patch, result] of examples) {
    it(`${target} with ${patch} is ${result}`, () => {
      assert.strictEqual(JSON.stringify(mergePatch(JSON.parse(target), JSON.parse(patch))), result)
    })
  }

  it("a field named __proto__ is a field", () => {
    const merged = mergePatch({}, JSON.parse(`{"__proto__":{"a":1}}`))
    assert.deepStrictEqual(Object.keys(merged ?? {}), ["__proto__"])
  })
})
