import { assert, describe, it } from "vitest"
import { citedInSources, defined, inTitles, shownToUsers } from "./numbers.js"

const missingFrom = (known: ReadonlySet<string>, cited: ReadonlyMap<string, ReadonlySet<string>>) =>
  Array.from(cited).filter(([each]) => !known.has(each)).map(([each, files]) => `${each} in ${[...files].join(", ")}`)

describe("src/RULES.md", () => {
  it("defines every number that a comment of src cites", () => {
    assert.isEmpty(missingFrom(defined(), citedInSources()))
  })

  it("defines every number in the title of a test", () => {
    assert.isEmpty(missingFrom(defined(), inTitles()))
  })

  it("defines no number that no test's title carries", () => {
    const titled = inTitles()
    assert.isEmpty(Array.from(defined()).filter((each) => !titled.has(each)))
  })

  it("is for maintainers: no public doc and no message cites a number", () => {
    assert.isEmpty(Array.from(shownToUsers(), ([each, files]) => `${each} in ${[...files].join(", ")}`))
  })
})
