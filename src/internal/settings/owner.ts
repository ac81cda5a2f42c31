import type { Fault } from "../../InvalidSettings.js"

export const longestOwner = 253

const printable = new RegExp(`^\\P{C}{1,${longestOwner}}$`, "u")

/** What stands in a text where a variable had no value; each tells of a name that every pod would have (b, F100). */
const traces: ReadonlyArray<RegExp> = [
  /(?<![\p{L}\p{N}])(?:undefined|null|NaN)(?![\p{L}\p{N}])/u,
  /\[object [^\]]*\]/,
  // What a shell, the kubelet, Helm or cmd was to put in.
  /\$[{(A-Za-z_][^})]*[})]?|\{\{.*\}\}|%[A-Za-z_]\w*%/
]

/** A part before or after these is empty. */
const emptyPart = /^[-_.:/@|\s]|[-_.:/@|\s]$/

/** What is wrong with the name of a process. */
export const ownerFaults = (field: string, owner: unknown): ReadonlyArray<Fault> => {
  const fault = (expected: string): ReadonlyArray<Fault> => [{ field, value: owner, expected }]
  if (typeof owner !== "string" || !printable.test(owner)) {
    return fault(`1 to ${longestOwner} printable characters that no other living process uses`)
  }
  const [trace] = traces.flatMap((pattern) => pattern.exec(owner)?.[0] ?? [])
  if (trace !== undefined) {
    return fault(
      `the name of one process: ${
        JSON.stringify(trace)
      } is left where a variable was not set, so others would have the ` +
        "same name"
    )
  }
  return emptyPart.test(owner)
    ? fault("the name of one process: a part of this one is empty, as where a variable is")
    : []
}
