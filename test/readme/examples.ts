import { readFileSync } from "node:fs"
import ts from "typescript"
import type { Plugin } from "vitest/config"

const prefix = "virtual:readme/"

const marked = (name: string) => new RegExp(`<!-- example: ${name} -->\\n\`\`\`ts\\n([^]*?)\`\`\``)

/** `import "virtual:readme/NAME.ts"` runs the README's example of that name as it is written there. */
export const readmeExamples: Plugin = {
  name: "readme-examples",
  enforce: "pre",
  resolveId: (id) => id.startsWith(prefix) ? `\0${id}` : undefined,
  load: (id) => {
    if (!id.startsWith(`\0${prefix}`)) {
      return undefined
    }
    const name = id.slice(prefix.length + 1).replace(/\.ts$/, "")
    const [, code] = marked(name).exec(readFileSync(new URL("../../README.md", import.meta.url), "utf8")) ?? []
    if (code === undefined) {
      throw new Error(`README.md has no example "${name}"`)
    }
    // Vite takes a virtual module for JavaScript.
    return ts.transpileModule(code, {
      compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext }
    }).outputText
  }
}
