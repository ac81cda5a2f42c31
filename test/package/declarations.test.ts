import { execFile } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { copyInto, installPackage } from "../support/installedPackage.js"

const tsc = fileURLToPath(new URL("../../node_modules/typescript/bin/tsc", import.meta.url))

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "kubernetes-lease-"))
  installPackage(folder, ["@types/node", "undici-types"])
  copyInto(folder, new URL("fixtures/users.ts", import.meta.url))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** What the compiler says of the user's file. */
const compiled = (options: object): Promise<string> => {
  const project = join(folder, "tsconfig.json")
  writeFileSync(
    project,
    JSON.stringify({
      compilerOptions: {
        strict: true,
        exactOptionalPropertyTypes: true,
        noEmit: true,
        target: "ES2022",
        skipLibCheck: false,
        ...options
      },
      files: ["users.ts"]
    })
  )
  return new Promise((resolve) => {
    execFile(process.execPath, [tsc, "--project", project], (_, stdout) => resolve(stdout))
  })
}

/** Something has to declare what every runtime has, `AbortSignal` among it: Node's types or the DOM's. */
const users = [
  { module: "node16", moduleResolution: "node16", lib: ["ES2022"], types: ["node"] },
  { module: "nodenext", moduleResolution: "nodenext", lib: ["ES2022", "DOM"], types: [] },
  { module: "esnext", moduleResolution: "bundler", lib: ["ES2022"], types: ["node"] }
]

describe("the declarations", () => {
  for (const options of users) {
    const { lib, moduleResolution, types } = options
    it(`compile under ${moduleResolution} with lib ${lib.join()} and types ${types.join() || "none"}`, async () => {
      assert.strictEqual(await compiled(options), "")
    })
  }

  it("of the Promise face mention no Effect, wherever they lead", () => {
    const seen = new Set<string>()
    const visit = (file: string): void => {
      if (seen.has(file)) {
        return
      }
      seen.add(file)
      for (const [, from = ""] of readFileSync(file, "utf8").matchAll(/(?:from|import\() ?"([^"]+)"/g)) {
        assert.match(from, /^\.\.?\//, `${file} imports ${from}`)
        visit(join(file, "..", from.replace(/\.js$/, ".d.ts")))
      }
    }
    visit(join(folder, "node_modules/kubernetes-lease/dist/KubernetesLease.d.ts"))
  })
})
