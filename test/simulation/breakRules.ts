/**
 * `npm run simulate:mutants -- [part of a rule's name] [seeds]`: breaks one rule after the other in a copy of the
 * sources, and tells what notices, and within how many seeds. Fails if one is noticed later than it has to be, or not by
 * what has to.
 */
import type { BuildContext } from "esbuild"
import { context } from "esbuild"
import { spawnSync } from "node:child_process"
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { edited } from "./edit.js"
import type { Mutant } from "./mutants.js"
import { mutants } from "./mutants.js"
import { unknownNames } from "./unknownNames.js"

interface Notice {
  readonly isCaught: boolean
  readonly how: string
}

const root = fileURLToPath(new URL("../..", import.meta.url))
const [wanted = "", seeds] = process.argv.slice(2)

const run = (work: string, args: ReadonlyArray<string>) =>
  spawnSync(process.execPath, args, { cwd: work, encoding: "utf8" })

const bySimulation = async (work: string, bundle: BuildContext, within: number): Promise<Notice> => {
  await bundle.rebuild()
  const { stderr, stdout } = run(work, ["simulate.mjs", "--brief", "--seeds", String(within)])
  const [, seed, check] = /^seed (\d+): (.*)$/m.exec(stdout) ?? []
  return seed === undefined
    ? { isCaught: false, how: `${within} seeds ${stderr}` }
    : { isCaught: true, how: `by the simulation at seed ${seed} (${check})` }
}

/** Whatever it was, a name that the source does not have would be noticed. */
const ensureNamesAreKnown = (rule: string, broken: string, source: string): void => {
  const known = unknownNames(source)
  const unknown = Array.from(unknownNames(broken)).filter((name) => !known.has(name) && !(name in globalThis))
  if (unknown.length > 0) {
    throw new Error(`${rule}: nothing is called ${unknown.join(" or ")} there`)
  }
}

/** The tests of one file, which run to their end: what does not compile notices nothing. */
const byTests = (work: string, file: string): Notice => {
  const { stderr, stdout } = run(work, ["node_modules/vitest/vitest.mjs", "run", "--project", "unit", file])
  const [, failed] = /Tests +(\d+) failed/.exec(stdout) ?? []
  return failed === undefined
    ? { isCaught: false, how: `${file}\n${stdout}${stderr}` }
    : { isCaught: true, how: `by ${failed} tests of ${file}` }
}

const noticed = async (work: string, bundle: BuildContext, mutant: Mutant): Promise<Notice> => {
  const { edits, rule, within } = mutant
  const source = (file: string): string => readFileSync(join(root, "src", file), "utf8")
  const broken = new Map<string, string>()
  for (const edit of edits) {
    broken.set(edit.file, edited(broken.get(edit.file) ?? source(edit.file), edit))
  }
  broken.forEach((text, file) => {
    ensureNamesAreKnown(rule, text, source(file))
    writeFileSync(join(work, "src", file), text)
  })
  try {
    return typeof within === "object"
      ? byTests(work, within.test)
      : await bySimulation(work, bundle, Number(seeds ?? within ?? 100))
  } finally {
    for (const file of broken.keys()) {
      writeFileSync(join(work, "src", file), source(file))
    }
  }
}

const work = mkdtempSync(join(tmpdir(), "mutants-"))
let failures = 0
try {
  symlinkSync(join(root, "node_modules"), join(work, "node_modules"))
  for (const entry of ["package.json", "tsconfig.json", "vitest.config.ts", "README.md", "src", "test"]) {
    cpSync(join(root, entry), join(work, entry), { recursive: true })
  }
  // Kept, for most of what it bundles stays the same from mutant to mutant.
  const bundle = await context({
    bundle: true,
    platform: "node",
    format: "esm",
    logLevel: "warning",
    entryPoints: [join(work, "test/simulation/simulate.ts")],
    outfile: join(work, "simulate.mjs")
  })
  try {
    for (const mutant of mutants.filter(({ rule }) => rule.includes(wanted))) {
      const { how, isCaught } = await noticed(work, bundle, mutant)
      failures += isCaught || mutant.within === undefined ? 0 : 1
      process.stdout.write(`${mutant.rule}: ${isCaught ? "caught" : "survives"} ${how}\n`)
    }
  } finally {
    await bundle.dispose()
  }
} finally {
  rmSync(work, { recursive: true, force: true })
}
process.exitCode = failures > 0 ? 1 : 0
