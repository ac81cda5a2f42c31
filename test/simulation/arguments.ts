/** `--name value` of the command line. */
export const argument = (name: string): string | undefined => {
  const index = process.argv.indexOf(`--${name}`)
  return index < 0 ? undefined : process.argv[index + 1]
}

export const numberArgument = (name: string): number | undefined => {
  const text = argument(name)
  return text === undefined ? undefined : Number(text)
}
