import type { LeaseObject } from "../LeaseObject.js"
import { MicroTime, microTimeToMillis } from "../LeaseObject.js"
import { parseMicroTime } from "./rfc3339.js"

/** Servers date changes in whole seconds, rounded down. */
const resolutionMillis = 1000

/**
 * The latest instant at which `spec` can last have changed, by the server's clock, in milliseconds since 1970.
 * `undefined` where the server does not say it for every owner of a field of `spec`.
 */
export const lastSpecChangeMillis = (lease: LeaseObject): number | undefined => {
  const times = (lease.metadata.managedFields ?? []).filter(ownsSpec).map(timeMillis)
  const dated = times.filter((time) => time !== undefined)
  return dated.length === 0 || dated.length < times.length ? undefined : Math.max(...dated) + resolutionMillis
}

const ownsSpec = (entry: unknown): boolean => field(field(entry, "fieldsV1"), "f:spec") !== undefined

const timeMillis = (entry: unknown): number | undefined => {
  const time = field(entry, "time")
  const micros = typeof time === "string" ? parseMicroTime(time) : undefined
  return micros === undefined ? undefined : microTimeToMillis(MicroTime(micros))
}

const field = (u: unknown, name: string): unknown =>
  typeof u === "object" && u !== null ? new Map<string, unknown>(Object.entries(u)).get(name) : undefined
