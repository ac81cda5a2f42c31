/**
 * The one error for settings, and arguments, that cannot work.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import * as Redacted from "effect/Redacted"

/**
 * One wrong field: what it was and what is right.
 *
 * @since 0.1.0
 * @category models
 */
export interface Fault {
  readonly field: string
  readonly value: unknown
  readonly expected: string
  /** What is wrong, where that is not the value; follows the name of the field. */
  readonly problem?: string | undefined
}

/**
 * Lists every wrong field at once.
 *
 * @since 0.1.0
 * @category errors
 */
export class InvalidSettings extends Data.TaggedError("InvalidSettings")<{
  readonly message: string
  readonly faults: ReadonlyArray<Fault>
}> {}

/** Never fails, and shows no more of an object than that it is one: it may hold secrets. */
const shown = (value: unknown): string => {
  switch (typeof value) {
    case "string":
      return JSON.stringify(value)
    case "function":
      return "a function"
    case "object":
      return value === null ? "null" : Redacted.isRedacted(value) ? String(value) : `an ${nameOfKind(value)}`
    default:
      return String(value)
  }
}

const nameOfKind = (value: object): string =>
  Array.isArray(value) ? "array" : value instanceof AbortSignal ? "AbortSignal" : "object"

const line = ({ expected, field, problem, value }: Fault): string =>
  `  ${field} ${problem ?? `is ${shown(value)}, expected ${expected}`}`

/**
 * @since 0.1.0
 * @category constructors
 */
export const fromFaults = (faults: ReadonlyArray<Fault>): InvalidSettings =>
  new InvalidSettings({ message: `Invalid settings:\n${faults.map(line).join("\n")}`, faults })
