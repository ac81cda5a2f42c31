import { readdirSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import * as TypeScript from "typescript"

const root = fileURLToPath(new URL("../../", import.meta.url))

/** A rule or a failure: `T2`, `F41`. */
const number = /\b(?:[TAERXWPC]|F)\d+\b/g

const numbersIn = (text: string): ReadonlyArray<string> => text.match(number) ?? []

/** What `src/RULES.md` defines: rules as `- **T1**`, failures as rows `| F1 |`. */
export const defined = (): ReadonlySet<string> =>
  new Set(
    Array.from(
      readFileSync(`${root}src/RULES.md`, "utf8").matchAll(/^(?:- \*\*([TAERXWPC]\d+)\*\*|\| (F\d+) \|)/gm),
      ([, rule, failure]) => rule ?? failure ?? ""
    )
  )

const note = (found: Map<string, Set<string>>, text: string, file: string): void => {
  for (const each of numbersIn(text)) {
    found.set(each, (found.get(each) ?? new Set()).add(file))
  }
}

const filesBelow = (folder: string, ending: string): ReadonlyArray<string> =>
  readdirSync(`${root}${folder}`, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(ending))
    .map((file) => `${folder}/${file}`)

const parse = (file: string): TypeScript.SourceFile =>
  TypeScript.createSourceFile(file, readFileSync(`${root}${file}`, "utf8"), TypeScript.ScriptTarget.Latest, true)

/** The numbers in the comments of `src`, each with the files that cite it. */
export const citedInSources = (): ReadonlyMap<string, ReadonlySet<string>> => {
  const cited = new Map<string, Set<string>>()
  for (const file of filesBelow("src", ".ts")) {
    commentsOf(parse(file)).forEach((comment) => note(cited, comment, file))
  }
  return cited
}

const commentsOf = (source: TypeScript.SourceFile): ReadonlyArray<string> => {
  const comments = new Map<number, string>()
  const visit = (node: TypeScript.Node): void => {
    for (const { end, pos } of TypeScript.getLeadingCommentRanges(source.text, node.getFullStart()) ?? []) {
      comments.set(pos, source.text.slice(pos, end))
    }
    node.getChildren(source).forEach(visit)
  }
  visit(source)
  return [...comments.values()]
}

/** The numbers that users would read: in the docs of what is public, which has `@since`, and in quoted text. */
export const shownToUsers = (): ReadonlyMap<string, ReadonlySet<string>> => {
  const shown = new Map<string, Set<string>>()
  for (const file of filesBelow("src", ".ts")) {
    const source = parse(file)
    const visit = (node: TypeScript.Node): void => {
      if (TypeScript.isStringLiteralLike(node) || TypeScript.isTemplateExpression(node)) {
        note(shown, node.getText(), file)
      }
      TypeScript.forEachChild(node, visit)
    }
    visit(source)
    for (const statement of source.statements) {
      const docs = statement.getFullText().match(/\/\*\*[\s\S]*?\*\//g) ?? []
      if (docs.some((doc) => doc.includes("@since"))) {
        docs.forEach((doc) => note(shown, doc, file))
      }
    }
  }
  return shown
}

/** The numbers in the titles of tests, each with the files that carry it. */
export const inTitles = (): ReadonlyMap<string, ReadonlySet<string>> => {
  const titled = new Map<string, Set<string>>()
  for (const file of filesBelow("test", ".ts")) {
    const visit = (node: TypeScript.Node): void => {
      if (TypeScript.isCallExpression(node)) {
        note(titled, titleOf(node), file)
      }
      TypeScript.forEachChild(node, visit)
    }
    visit(parse(file))
  }
  return titled
}

/** A test says its title in its first argument, whichever function makes it. */
const titleOf = ({ arguments: [title] }: TypeScript.CallExpression): string =>
  title !== undefined && (TypeScript.isStringLiteralLike(title) || TypeScript.isTemplateExpression(title) ||
      TypeScript.isBinaryExpression(title))
    ? title.getText()
    : ""
