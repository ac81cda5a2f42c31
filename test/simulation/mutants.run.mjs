/**
 * Breaks one rule after the other in a copy of the sources, and tells within how many seeds the simulation notices:
 * `node test/simulation/mutants.run.mjs [seeds] [part of a rule's name]`.
 */
import { execFileSync, spawnSync } from "node:child_process"
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("../..", import.meta.url))
const [seeds = "300", wanted = ""] = process.argv.slice(2)
const work = mkdtempSync(join(tmpdir(), "mutants-"))
const viteNode = join(root, "node_modules/.bin/vite-node")
let survivors = 0
try {
  symlinkSync(join(root, "node_modules"), join(work, "node_modules"))
  cpSync(join(root, "package.json"), join(work, "package.json"))
  cpSync(join(root, "test/simulation"), join(work, "test/simulation"), { recursive: true })
  const list = "import { mutants } from './test/simulation/mutants.ts'; process.stdout.write(JSON.stringify(mutants))"
  writeFileSync(join(work, "list.ts"), list)
  const mutants = JSON.parse(execFileSync(viteNode, ["list.ts"], { cwd: work, encoding: "utf8" }))
  for (const { file, from, rule, to } of mutants.filter(({ rule }) => rule.includes(wanted))) {
    cpSync(join(root, "src"), join(work, "src"), { recursive: true })
    const path = join(work, "src", file)
    const parts = readFileSync(path, "utf8").split(from)
    if (parts.length !== 2) {
      throw new Error(`${rule}: ${file} has its text ${parts.length - 1} times`)
    }
    // A time that only a mutant needs.
    writeFileSync(
      path,
      parts.join(to).replace(
        "const ref = refOf(settings)\n    const record",
        "const ref = refOf(settings)\n    const askedAt = yield* now\n    void askedAt\n    const record"
      )
    )
    const run = spawnSync(viteNode, ["test/simulation/simulate.ts", "--seeds", seeds, "--brief", "1"], {
      cwd: work,
      encoding: "utf8"
    })
    const caught = /seed (\d+): (.*)/.exec(run.stdout)
    survivors += caught === null ? 1 : 0
    process.stdout.write(
      `${rule}: ${
        caught === null ? `SURVIVES ${seeds} seeds ${run.stderr}` : `caught at seed ${caught[1]} (${caught[2]})`
      }\n`
    )
  }
} finally {
  rmSync(work, { recursive: true, force: true })
}
process.exitCode = survivors > 0 ? 1 : 0
