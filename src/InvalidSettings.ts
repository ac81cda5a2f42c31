/**
 * The one error for settings that cannot work.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"

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

const shown = (value: unknown): string => typeof value === "string" ? JSON.stringify(value) : String(value)

/**
 * @since 0.1.0
 * @category constructors
 */
export const fromFaults = (faults: ReadonlyArray<Fault>): InvalidSettings =>
  new InvalidSettings({
    message: `Invalid settings:\n${
      faults.map(({ field, value, expected }) => `  ${field} is ${shown(value)}, expected ${expected}`).join("\n")
    }`,
    faults
  })
