import { parseMicroTime } from "../../src/internal/base/rfc3339.js"
import { field, timeMillis } from "../../src/internal/decisions/managedFields.js"
import type { LeaseJson } from "../../src/KubeApiMemory.js"
import { isHeld } from "./ledger.js"

/** What the API servers can tell of a record that somebody sees for the first time. Durations in milliseconds. */
export interface Dated {
  readonly datesEveryChange: boolean
  readonly maxClockSkew: number
  /** How long ago it was last changed, by the slowest clock. */
  readonly ageMillis: number
}

/** Whether the API servers can tell that the record has run out (E2), with some seconds to spare. */
export const isDue = (record: LeaseJson, { ageMillis, datesEveryChange, maxClockSkew }: Dated): boolean => {
  const { acquireTime, leaseDurationSeconds = 0, leaseTransitions, renewTime } = record.spec
  const stamps = (record.metadata.managedFields ?? [])
    .filter((entry) => field(field(entry, "fieldsV1"), "f:spec") !== undefined)
    .map(timeMillis)
  const renewedMicros = renewTime === undefined ? undefined : parseMicroTime(renewTime)
  if (
    !isHeld(record) || record.metadata.deletionTimestamp !== undefined || renewedMicros === undefined ||
    stamps.length === 0 || stamps.includes(undefined) ||
    !(datesEveryChange || (leaseTransitions === 0 && acquireTime === renewTime))
  ) {
    return false
  }
  const stampMillis = Math.max(...stamps.filter((millis) => millis !== undefined))
  return Math.abs(Number(renewedMicros / 1000n) - stampMillis - 500) <= maxClockSkew &&
    ageMillis >= leaseDurationSeconds * 1000 + 2 * maxClockSkew + 3000
}
