import * as TypeScript from "typescript"

/** What "Cannot find name" is said by. */
const codes = new Set([2304, 2552, 2583, 2584, 18004])

const file = "source.ts"

const options: TypeScript.CompilerOptions = { noLib: true, noResolve: true, target: TypeScript.ScriptTarget.ES2022 }

/** The names that a source uses without having them, those of the language's own library among them. */
export const unknownNames = (text: string): ReadonlySet<string> => {
  const source = TypeScript.createSourceFile(file, text, TypeScript.ScriptTarget.ES2022, true)
  const program = TypeScript.createProgram([file], options, {
    ...TypeScript.createCompilerHost(options),
    getSourceFile: (name) => name === file ? source : undefined
  })
  const diagnostics = program.getSemanticDiagnostics(source).filter(({ code }) => codes.has(code))
  return new Set(diagnostics.map(({ length = 0, start = 0 }) => text.slice(start, start + length)))
}
