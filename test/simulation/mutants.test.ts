import { assert, describe, it } from "@effect/vitest"
import { existsSync, readFileSync } from "node:fs"
import { edited } from "./edit.js"
import { mutants } from "./mutants.js"

const sourceOf = (file: string): string => readFileSync(`src/${file}`, "utf8")

describe("each mutant", () => {
  for (const { edits, rule, within } of mutants) {
    it(`breaks today's sources: "${rule}"`, () => {
      const broken = new Map<string, string>()
      for (const edit of edits) {
        const source = broken.get(edit.file) ?? sourceOf(edit.file)
        const text = edited(source, edit)
        assert.notStrictEqual(text, source)
        broken.set(edit.file, text)
      }
      if (typeof within === "object") {
        assert.isTrue(existsSync(within.test), within.test)
      }
    })
  }

  it("has a name of its own, and stands in the table of the README under it", () => {
    const rules = mutants.map(({ rule }) => rule)
    const readme = readFileSync("test/simulation/README.md", "utf8")
    assert.deepStrictEqual(Array.from(readme.matchAll(/^\| ([A-Z]\d .*?) \|/gm), ([, rule]) => rule), rules)
  })
})

describe("an edit finds its text", () => {
  const edit = { file: "x.ts", from: "if (a) { return b }", to: "return c" }

  it("however it is formatted", () => {
    assert.strictEqual(edited("f(\n  x)\nif (\n  a\n) {\n  return b\n}\nrest", edit), "f(\n  x)\nreturn c\nrest")
  })

  it("once only", () => {
    assert.throws(() => edited("if (a) { return b } if (a) { return b }", edit), /once only/)
    assert.throws(() => edited("if (a) { return d }", edit), /any more/)
  })
})
