/**
 * Breaks one rule after the other in a copy of the sources, and tells what notices, and within how many seeds:
 * `node test/simulation/mutants.run.mjs [part of a rule's name] [seeds]`. Fails if one is noticed later than it has to be,
 * or not by what has to.
 */
import { spawnSync } from "node:child_process"
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import { build, context } from "esbuild"

const root = fileURLToPath(new URL("../..", import.meta.url))
const [wanted = "", seeds] = process.argv.slice(2)
const work = mkdtempSync(join(tmpdir(), "mutants-"))

/** The text with its edits, each of which has one place only. */
const edited = (rule, text, { file, from, to }) => {
  const parts = text.split(from)
  if (parts.length !== 2) {
    throw new Error(`${rule}: ${file} has its text ${parts.length - 1} times`)
  }
  return parts.join(to)
}

let failures = 0
try {
  symlinkSync(join(root, "node_modules"), join(work, "node_modules"))
  for (const entry of ["package.json", "tsconfig.json", "vitest.config.ts", "README.md", "src", "test"]) {
    cpSync(join(root, entry), join(work, entry), { recursive: true })
  }
  const bundled = { bundle: true, platform: "node", format: "esm", logLevel: "warning" }
  const list = join(work, "mutants.mjs")
  await build({ ...bundled, entryPoints: [join(work, "test/simulation/mutants.ts")], outfile: list })
  const { mutants } = await import(pathToFileURL(list).href)
  const outfile = join(work, "simulate.mjs")
  // Kept, for most of what it bundles stays the same from mutant to mutant.
  const bundle = await context({ ...bundled, entryPoints: [join(work, "test/simulation/simulate.ts")], outfile })

  const bySimulation = async (rule, within) => {
    await bundle.rebuild()
    const histories = within === "regression"
      ? ["--regression", rule.split(" ")[0]]
      : ["--seeds", String(seeds ?? within ?? 100)]
    const run = spawnSync(process.execPath, [outfile, "--brief", ...histories], { encoding: "utf8" })
    const caught = /^seed (\d+): (.*)$/m.exec(run.stdout)
    return caught === null
      ? { isCaught: false, how: `${histories.join(" ")} ${run.stderr}` }
      : {
        isCaught: true,
        how: `by ${within === "regression" ? "a regression of" : "the simulation at"} seed ${caught[1]} (${caught[2]})`
      }
  }

  /** The tests of one file, which run to their end: what does not compile notices nothing. */
  const byTests = (file) => {
    const run = spawnSync(
      process.execPath,
      [join(root, "node_modules/vitest/vitest.mjs"), "run", "--project", "unit", file],
      { cwd: work, encoding: "utf8" }
    )
    const failed = /Tests +(\d+) failed/.exec(run.stdout)
    return failed === null
      ? { isCaught: false, how: `${file}\n${run.stdout}${run.stderr}` }
      : { isCaught: true, how: `by ${failed[1]} tests of ${file}` }
  }

  try {
    for (const { edits, rule, within } of mutants.filter(({ rule }) => rule.includes(wanted))) {
      const files = [...new Set(edits.map(({ file }) => file))]
      for (const file of files) {
        const text = readFileSync(join(root, "src", file), "utf8")
        const broken = edits.filter((edit) => edit.file === file).reduce((text, edit) => edited(rule, text, edit), text)
        writeFileSync(join(work, "src", file), broken)
      }
      const notice = typeof within === "object" ? byTests(within.test) : await bySimulation(rule, within)
      files.forEach((file) => cpSync(join(root, "src", file), join(work, "src", file)))
      failures += notice.isCaught || within === undefined ? 0 : 1
      process.stdout.write(`${rule}: ${notice.isCaught ? "caught" : "survives"} ${notice.how}\n`)
    }
  } finally {
    await bundle.dispose()
  }
} finally {
  rmSync(work, { recursive: true, force: true })
}
process.exitCode = failures > 0 ? 1 : 0
