import type { LeaseObject } from "../LeaseObject.js"
import { MicroTime, microTimeToMillis } from "../LeaseObject.js"
import { parseMicroTime } from "./rfc3339.js"

/** Servers date changes in whole seconds, rounded down. */
const resolutionMillis = 1000

/**
 * The latest instant at which `spec` can last have changed, by the server's clock, in milliseconds since 1970.
 * `undefined` where the server does not say it for every owner of a field of `spec`, or may not have dated what came last.
 */
export const lastSpecChangeMillis = (lease: LeaseObject): number | undefined => {
  const times = (lease.metadata.managedFields ?? []).filter(ownsSpec).map(timeMillis)
  const dated = times.filter((time) => time !== undefined)
  if (dated.length === 0 || dated.length < times.length) {
    return undefined
  }
  const datedMillis = Math.max(...dated)
  return isOfLastChange(lease, datedMillis) ? datedMillis + resolutionMillis : undefined
}

/**
 * Servers before 1.25 date a write only where it gives a field to another owner: a creation or a takeover, but no renewal,
 * and one that comes soon after cannot be told from none. A record in its first term has had one owner. If it has not been
 * renewed, any server dates it; and a date that is later than its creation is a renewal's.
 */
const isOfLastChange = ({ metadata, spec }: LeaseObject, datedMillis: number): boolean => {
  if (spec?.leaseTransitions !== 0 || spec.acquireTime === undefined) {
    return false
  }
  const createdMillis = millisFrom(metadata.creationTimestamp)
  return spec.acquireTime === spec.renewTime ||
    (createdMillis !== undefined && datedMillis > createdMillis + resolutionMillis)
}

const ownsSpec = (entry: unknown): boolean => field(field(entry, "fieldsV1"), "f:spec") !== undefined

/** When the server dates an entry of `managedFields`, in milliseconds since 1970. */
export const timeMillis = (entry: unknown): number | undefined => millisFrom(field(entry, "time"))

const millisFrom = (time: unknown): number | undefined => {
  const micros = typeof time === "string" ? parseMicroTime(time) : undefined
  return micros === undefined ? undefined : microTimeToMillis(MicroTime(micros))
}

/** A field of what may be no object. */
export const field = (u: unknown, name: string): unknown =>
  typeof u === "object" && u !== null ? new Map<string, unknown>(Object.entries(u)).get(name) : undefined
