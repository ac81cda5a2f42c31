import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import type { Fault, InvalidSettings } from "../../InvalidSettings.js"
import { fromFaults } from "../../InvalidSettings.js"
import { ownerFaults } from "./owner.js"
import type { DurationSpelling } from "./resolve.js"

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
  fieldName: string,
  { expected, millisOf }: DurationSpelling
): Either.Either<Successor, InvalidSettings> => {
  const millis = handOver === undefined ? defaultHandOverMillis : millisOf(handOver)
  const faults: ReadonlyArray<Fault> = [
    ...ownerFaults("to", owner),
    ...(millis > 0 && millis <= longestHandOverMillis
      ? []
      : [{ field: fieldName, value: handOver, expected: expected(1, longestHandOverMillis) }])
  ]
  return faults.length > 0
    ? Either.left(fromFaults(faults))
    : Either.right({ owner, durationSeconds: Math.ceil(millis / 1000) })
}
