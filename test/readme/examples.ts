import { fileURLToPath } from "node:url"
import ts from "typescript"
import type { Plugin } from "vitest/config"
import { readmeCode } from "./blocks.js"

const prefix = "virtual:readme/"
const inPod = "?in-pod"

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
    const code = readmeCode(name, "ts")
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
