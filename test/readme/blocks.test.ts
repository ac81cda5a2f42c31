import { readdirSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "vitest"
import { readme, readmeBlocks } from "./blocks.js"

const tests = fileURLToPath(new URL("..", import.meta.url))

/** The names of the examples that any test extracts. */
const extracted = readdirSync(tests, { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".test.ts"))
  .map((file) => readFileSync(`${tests}/${file}`, "utf8"))
  .flatMap((test) => Array.from(test.matchAll(/virtual:readme\/([\w-]+)\.ts|readmeCode\("([\w-]+)"/g)))
  .map(([, imported, read]) => imported ?? read)

// What a shell is to run, CI runs; a block without a language is output.
const examples = readmeBlocks.filter(({ language }) => language !== "sh" && language !== "")

describe("the README", () => {
  it("has no fence that is none of a block", () => {
    assert.lengthOf(readme.match(/```|~~~/g) ?? [], 2 * readmeBlocks.length)
  })

  for (const { code, language, name } of examples) {
    const [firstLine] = code.split("\n")
    it(`a test extracts its ${language} example ${name ?? `without a name: ${firstLine}`}`, () => {
      assert.isDefined(name, "no <!-- example: NAME --> on the line above the fence")
      assert.include(extracted, name)
    })
  }
})
