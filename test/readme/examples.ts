import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import ts from "typescript"
import type { Plugin } from "vitest/config"

const prefix = "virtual:readme/"
const inPod = "?in-pod"

const marked = (name: string) => new RegExp(`<!-- example: ${name} -->\\n\`\`\`ts\\n([^]*?)\`\`\``)

/**
 * `import "virtual:readme/NAME.ts"` runs the README's example of that name as it is written there; with `?in-pod`, as if
 * this were a pod, in which `server` of `inPod.ts` is the API server.
 */
export const readmeExamples: Plugin = {
  name: "readme-examples",
  enforce: "pre",
  resolveId: (id) => id.startsWith(prefix) ? `\0${id}` : undefined,
  load: (id) => {
    if (!id.startsWith(`\0${prefix}`)) {
      return undefined
    }
    const name = id.slice(prefix.length + 1).replace(/\.ts(\?.*)?$/, "")
    const [, code] = marked(name).exec(readFileSync(new URL("../../README.md", import.meta.url), "utf8")) ?? []
    if (code === undefined) {
      throw new Error(`README.md has no example "${name}"`)
    }
    // Vite takes a virtual module for JavaScript.
    return ts.transpileModule(id.endsWith(inPod) ? asInPod(code) : code, {
      compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext }
    }).outputText
  }
}

/** What the example declares can be looked at from outside. */
const asInPod = (code: string): string =>
  code
    .replace(`from "kubernetes-lease"`, `from ${JSON.stringify(fileURLToPath(new URL("inPod.ts", import.meta.url)))}`)
    .replace(/^const (program|lease) =/gm, "export const $1 =")
    .replace(`  apiBaseUrl: "https://127.0.0.1:6443",\n`, "")
