/** Breaks at spaces, and a longer word where it must. */
export const wrap = (text: string, width: number): ReadonlyArray<string> => {
  const lines: Array<string> = []
  let line = ""
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line)
      line = ""
    }
    line = line === "" ? word : `${line} ${word}`
    for (; line.length > width; line = line.slice(width)) {
      lines.push(line.slice(0, width))
    }
  }
  return [...lines, line]
}

export const fit = (text: string, width: number): string =>
  text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`

export const milliseconds = (ms: number): string => ms < 100 ? `${ms.toFixed(1)} ms` : `${Math.round(ms)} ms`

export const seconds = (ms: number): string => `${(ms / 1000).toFixed(3)} s`
