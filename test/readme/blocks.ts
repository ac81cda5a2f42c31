import { readFileSync } from "node:fs"

/** A fenced block of the README; `<!-- example: NAME -->` on the line above names it. */
export interface Block {
  readonly name: string | undefined
  /** `""` where the fence says none. */
  readonly language: string
  readonly code: string
}

const fenced = /(?:^<!-- example: (.+) -->\n)?^```(.*)\n([^]*?)^```$/gm

export const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8")

export const readmeBlocks: ReadonlyArray<Block> = Array.from(
  readme.matchAll(fenced),
  ([, name, language = "", code = ""]) => ({ name, language, code })
)

export const readmeCode = (name: string, language: string): string => {
  const [block, another] = readmeBlocks.filter((each) => each.name === name && each.language === language)
  if (block === undefined || another !== undefined) {
    throw new Error(`README.md has ${block === undefined ? "no" : "more than one"} ${language} example "${name}"`)
  }
  return block.code
}
