const mark = "="
const mostColumns = 110

/**
 * As JSON, exactly: what JSON has no word for is a string that begins with a mark, such as `"=Infinity"`, `"=-0"`,
 * `"=900n"` or `"=undefined"`, and a string that begins so itself gets one more. What fits in a line stands in one.
 */
export const print = (value: unknown, indent = ""): string => {
  if (typeof value !== "object" || value === null) {
    return JSON.stringify(worded(value))
  }
  const inner = `${indent}  `
  const parts = Array.isArray(value)
    ? value.map((item) => print(item, inner))
    : Object.entries(value).map(([name, field]) => `${JSON.stringify(name)}: ${print(field, inner)}`)
  const [open, close] = Array.isArray(value) ? ["[", "]"] : ["{", "}"]
  const line = parts.length === 0 ? `${open}${close}` : `${open} ${parts.join(", ")} ${close}`
  return line.includes("\n") || indent.length + line.length > mostColumns
    ? `${open}\n${inner}${parts.join(`,\n${inner}`)}\n${indent}${close}`
    : line
}

/** What `print` was given. */
export const parse = (text: string): unknown => restored(JSON.parse(text))

const worded = (leaf: unknown): unknown => {
  switch (typeof leaf) {
    case "string":
      return leaf.startsWith(mark) ? `${mark}${leaf}` : leaf
    case "number":
      return Object.is(leaf, -0) ? `${mark}-0` : Number.isFinite(leaf) ? leaf : `${mark}${leaf}`
    case "bigint":
      return `${mark}${leaf}n`
    case "undefined":
      return `${mark}undefined`
    default:
      return leaf
  }
}

const restored = (value: unknown): unknown => {
  if (typeof value === "string") {
    return value.startsWith(mark) ? meantBy(value.slice(mark.length)) : value
  }
  if (Array.isArray(value)) {
    return value.map(restored)
  }
  // Not by a reviver of `JSON.parse`, which leaves out a field that is undefined.
  return typeof value === "object" && value !== null
    ? Object.fromEntries(Object.entries(value).map(([name, field]) => [name, restored(field)]))
    : value
}

const meantBy = (word: string): unknown =>
  word.startsWith(mark)
    ? word
    : word === "undefined"
    ? undefined
    : word.endsWith("n")
    ? BigInt(word.slice(0, -1))
    : Number(word)
