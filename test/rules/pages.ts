import * as Arr from "effect/Array"
import * as Order from "effect/Order"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { dirname } from "node:path"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("../../", import.meta.url))

/** The pages for those who change the code. */
export const pages = ["src/README.md", "src/RULES.md", ".github/CONTRIBUTING.md", ".github/SECURITY.md"] as const

const textOf = (file: string): string => readFileSync(`${root}${file}`, "utf8")

/** Files and folders, from the root of the repository: whatever stands in backticks and begins with one of its folders. */
const path = /`((?:src|test|rbac|\.ci|\.github)\/[\w./-]*)`/g

/** Where a Markdown link leads, unless that is another site or a place on the page itself. */
const link = /\]\((?!https?:|mailto:|#)([^)#\s]+)[^)]*\)/g

const matches = (text: string, pattern: RegExp): ReadonlyArray<string> =>
  Array.from(text.matchAll(pattern), ([, found]) => found ?? "")

/** What a page names and nobody finds. */
export const missingFiles = (page: string): ReadonlyArray<string> => {
  const text = textOf(page)
  return [
    ...matches(text, path).filter((file) => !existsSync(`${root}${file}`)),
    ...matches(text, link).filter((file) => !existsSync(`${root}${dirname(page)}/${file}`))
  ]
}

/** A file, and in parentheses what it holds: `src/a.ts` (`one`, `two`). */
const holding = /`((?:src|test)\/[\w./-]+\.ts)`\s\(((?:`[^`]+`,?\s?)+)\)/g

/** The names on a page that their files do not hold. */
export const missingNames = (page: string): ReadonlyArray<string> =>
  Array.from(textOf(page).matchAll(holding), ([, file = "", names = ""]) => ({ file, names }))
    .filter(({ file }) => existsSync(`${root}${file}`))
    .flatMap(({ file, names }) => {
      const words = new Set(textOf(file).match(/#?\w+/g))
      return matches(names, /`([^`]+)`/g).filter((name) => !words.has(name)).map((name) => `${name} in ${file}`)
    })

/** From each room to those that it imports, by name. */
type Rooms = Readonly<Record<string, ReadonlyArray<string>>>

export const roomsOnMap = (): Rooms =>
  Object.fromEntries(
    Array.from(
      textOf("src/README.md").matchAll(/^\| `src\/internal\/(\w+)\/` \|.*\| ([^|]*) \|$/gm),
      ([, room = "", imported = ""]) => [room, imported === "none" ? [] : imported.split(", ")]
    )
  )

export const roomsInCode = (): Rooms =>
  Object.fromEntries(readdirSync(`${root}src/internal`).map((room) => [room, roomsImportedBy(room)]))

const roomsImportedBy = (room: string): ReadonlyArray<string> => {
  const imported = readdirSync(`${root}src/internal/${room}`)
    .flatMap((file) => matches(textOf(`src/internal/${room}/${file}`), /\bfrom "\.\.\/(\w+)\//g))
  return Arr.sort(Arr.dedupe(imported), Order.string)
}

/** Modules that users import and that the map leaves out. */
export const modulesMissingOnMap = (): ReadonlyArray<string> => {
  const map = new Set(matches(textOf("src/README.md"), path))
  return readdirSync(`${root}src`).filter((file) => file.endsWith(".ts") && !map.has(`src/${file}`))
}
