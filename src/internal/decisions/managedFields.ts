import type { LeaseObject, ServerVersion } from "../../LeaseObject.js"
import { MicroTime, microTimeToMillis } from "../../LeaseObject.js"
import { parseMicroTime } from "../base/rfc3339.js"

/** Servers date changes in whole seconds, rounded down. */
export const resolutionMillis = 1000

/**
 * The server's time of the last change of `spec` that it has dated, in milliseconds since 1970, rounded down to seconds.
 * `undefined` where it has not dated the change of every owner of a field of `spec`.
 */
export const specStampMillis = (lease: LeaseObject): number | undefined => {
  const times = (lease.metadata.managedFields ?? []).filter(ownsSpec).map(timeMillis)
  const dated = times.filter((time) => time !== undefined)
  return dated.length === 0 || dated.length < times.length ? undefined : Math.max(...dated)
}

/** Since 1.25 servers date every change of an object; before, only one of the set of fields that its writer owns. */
export const datesEveryChange = ({ major, minor }: ServerVersion): boolean => major > 1 || (major === 1 && minor >= 25)

/**
 * Whether the latest stamp of a record must be that of its last change, also on a server before 1.25. Those date a write
 * only where it gives a field to another owner: a creation or a takeover, but no renewal, and one that comes soon after
 * cannot be told from none. A record in its first term has had one owner. If it has not been renewed, any server dates
 * it; and a stamp that is later than its creation is a renewal's.
 */
export const isStampOfFirstTerm = ({ metadata, spec }: LeaseObject, stampMillis: number): boolean => {
  if (spec?.leaseTransitions !== 0 || spec.acquireTime === undefined) {
    return false
  }
  const creationMillis = millisFrom(metadata.creationTimestamp)
  return spec.acquireTime === spec.renewTime ||
    (creationMillis !== undefined && stampMillis > creationMillis + resolutionMillis)
}

/** The server's time of a create, in milliseconds since 1970, rounded down to seconds. */
export const createdMillis = ({ metadata }: LeaseObject): number | undefined => millisFrom(metadata.creationTimestamp)

/**
 * The server's time of a patch, in milliseconds since 1970, rounded down to seconds (T6). Only a stamp that the patch has
 * moved is its own: servers before 1.25 leave most as they were.
 *
 * @param formerMillis the stamp of the record that was written over
 */
export const writtenMillis = (formerMillis: number | undefined, answer: LeaseObject): number | undefined => {
  const stampMillis = specStampMillis(answer)
  return formerMillis !== undefined && stampMillis !== undefined && stampMillis > formerMillis ? stampMillis : undefined
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
