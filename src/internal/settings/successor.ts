import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import type { Fault, InvalidSettings } from "../../InvalidSettings.js"
import { fromFaults } from "../../InvalidSettings.js"
import { expectOwner, millisOf } from "./resolve.js"

/** To whom a lease is handed over, and how long others leave it to them (X5). */
export interface Successor {
  readonly owner: string
  readonly durationSeconds: number
}

const defaultHandOverMillis = 3000
const longestHandOverMillis = 60_000

/** @param fieldName how the face that was asked calls the duration */
export const successorOf = (
  owner: string,
  handOver: Duration.DurationInput | undefined,
  fieldName: string
): Either.Either<Successor, InvalidSettings> => {
  const millis = millisOf(handOver ?? defaultHandOverMillis)
  const faults: ReadonlyArray<Fault> = [
    ...expectOwner("to", owner),
    ...(millis > 0 && millis <= longestHandOverMillis
      ? []
      : [{ field: fieldName, value: handOver, expected: `a duration of at most ${longestHandOverMillis} ms` }])
  ]
  return faults.length > 0
    ? Either.left(fromFaults(faults))
    : Either.right({ owner, durationSeconds: Math.ceil(millis / 1000) })
}
