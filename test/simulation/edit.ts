/** One text in place of another, which stands exactly once in `src/<file>`, however it is formatted. */
export interface Edit {
  readonly file: string
  readonly from: string
  readonly to: string
}

/** The source with another text in that place. */
export const edited = (source: string, { file, from, to }: Edit): string => {
  const wanted = withoutBlanks(from)
  const searched = withoutBlanks(source)
  const index = searched.text.indexOf(wanted.text)
  const isOnce = index >= 0 && index === searched.text.lastIndexOf(wanted.text)
  const start = searched.places[index]
  const last = searched.places[index + wanted.text.length - 1]
  if (!isOnce || start === undefined || last === undefined) {
    throw new Error(`src/${file} does not have this ${index >= 0 ? "once only" : "any more"}: ${from}`)
  }
  return `${source.slice(0, start)}${to}${source.slice(last + 1)}`
}

/** A text without its whitespace, which a formatter may choose, and where each of its characters stood. */
const withoutBlanks = (text: string): { readonly text: string; readonly places: ReadonlyArray<number> } => ({
  text: text.replaceAll(/\s/g, ""),
  places: Array.from(text.matchAll(/\S/g), ({ index }) => index)
})
