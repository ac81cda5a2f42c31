import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type { Fault } from "../../InvalidSettings.js"
import type { LeaseSettings, Options } from "../../LeaseSettings.js"
import { isLabelKey, isLabelValue, isNamespace, isObjectName } from "./names.js"

/** What the server's whole seconds and a network ask for; a store in memory asks for less. */
export interface Limits {
  readonly minTtlMillis: number
  readonly minRequestTimeoutMillis: number
  /** What the record says of its own duration; never less than the ttl. */
  readonly durationSecondsOf: (ttlMillis: number) => number
  readonly defaultAcquireTimeoutMillis: (ttlMillis: number) => number
  readonly defaultAcquireRetries: number
}

export const longestDefaultAcquireTimeoutMillis = 4000

export const kubernetesLimits: Limits = {
  minTtlMillis: 500,
  minRequestTimeoutMillis: 100,
  durationSecondsOf: (ttlMillis) => Math.ceil(ttlMillis / 1000),
  defaultAcquireTimeoutMillis: (ttlMillis) => Math.min(longestDefaultAcquireTimeoutMillis, ttlMillis),
  defaultAcquireRetries: 3
}

type DurationField = {
  [K in keyof LeaseSettings]: LeaseSettings[K] extends Duration.Duration ? K : never
}[keyof LeaseSettings]

/** How a face spells a field that holds a duration, so that a fault names what its user wrote. */
export type DurationFieldNames = (field: DurationField) => string

export const effectFieldNames: DurationFieldNames = (field) => field

/** The longest that a timer of a JavaScript runtime waits. */
const longestMillis = 2 ** 31 - 1

const defaultAcquireRetryDelayMillis = 100
const defaultMaxClockSkewMillis = 1000

/** Settings with their defaults, or everything that is wrong with them. */
export const resolve = (
  options: Options & { readonly owner: string },
  limits: Limits,
  nameOf: DurationFieldNames
): Either.Either<LeaseSettings, ReadonlyArray<Fault>> => {
  const faults: Array<Fault> = []
  const expect = (holds: boolean, field: string, value: unknown, expected: string): void => {
    if (!holds) {
      faults.push({ field, value, expected })
    }
  }

  expect(
    isObjectName(options.name),
    "name",
    options.name,
    "an RFC 1123 subdomain: at most 253 of a-z, 0-9, '-' and '.', with a letter or digit at both ends of each part"
  )
  expect(
    isNamespace(options.namespace),
    "namespace",
    options.namespace,
    "an RFC 1123 label: at most 63 of a-z, 0-9 and '-', with a letter or digit at both ends"
  )
  faults.push(...expectOwner("owner", options.owner))
  const { acquireRetries = limits.defaultAcquireRetries, labels = {}, releaseMode = "delete" } = options
  expect(
    Number.isInteger(acquireRetries) && acquireRetries >= 0,
    "acquireRetries",
    acquireRetries,
    "a whole number of at least 0"
  )
  expect(releaseMode === "delete" || releaseMode === "clear", "releaseMode", releaseMode, `"delete" or "clear"`)
  for (const [key, value] of Object.entries(labels)) {
    expect(isLabelKey(key) && isLabelValue(value), `labels[${JSON.stringify(key)}]`, value, "a Kubernetes label")
  }

  /** The field in milliseconds, its default where it is absent, or `undefined` where it or its default is wrong. */
  const millis = (
    field: DurationField,
    minimum: number,
    fallback: number | undefined
  ): number | undefined => {
    const given = options[field]
    if (given === undefined && field !== "ttl") {
      return fallback
    }
    const value = millisOf(given)
    const holds = value >= minimum && value <= longestMillis
    expect(holds, nameOf(field), shown(given), `a duration of at least ${minimum} ms and at most ${longestMillis} ms`)
    return holds ? value : undefined
  }

  const ttl = millis("ttl", limits.minTtlMillis, undefined)
  const renewDeadline = millis("renewDeadline", 1, ttl && Math.floor(ttl * 0.9))
  const renewalInterval = millis("renewalInterval", 1, ttl && Math.floor(ttl / 3))
  const spare = renewDeadline && renewalInterval && Math.floor((renewDeadline - renewalInterval) / 2)
  const requestTimeout = millis("requestTimeout", limits.minRequestTimeoutMillis, spare && Math.min(5000, spare))
  const releaseTimeout = millis("releaseTimeout", 1, ttl && Math.min(4000, Math.floor(ttl / 2)))
  const acquireTimeout = millis("acquireTimeout", 1, ttl && limits.defaultAcquireTimeoutMillis(ttl))
  const maxClockSkew = millis("maxClockSkew", 0, defaultMaxClockSkewMillis)
  const acquireRetryDelay = millis("acquireRetryDelay", 0, defaultAcquireRetryDelayMillis)

  if (ttl !== undefined && renewDeadline !== undefined) {
    const durationSeconds = limits.durationSecondsOf(ttl)
    const longest = durationSeconds * 1000 / 1.1
    expect(
      renewDeadline <= longest,
      nameOf("renewDeadline"),
      shown(options.renewDeadline),
      `at most ${Math.floor(longest)} ms: a tenth less than the ${durationSeconds} s that others wait`
    )
  }
  if (renewDeadline !== undefined && renewalInterval !== undefined) {
    const needed = options.requestTimeout === undefined ? limits.minRequestTimeoutMillis : requestTimeout
    if (needed !== undefined) {
      const longest = renewDeadline - 2 * needed
      expect(
        renewalInterval <= longest,
        nameOf("renewalInterval"),
        shown(options.renewalInterval ?? renewalInterval),
        `at most ${Math.floor(longest)} ms, so that two requests of ${needed} ms fit in before the renew deadline of ` +
          `${Math.floor(renewDeadline)} ms`
      )
    }
  }

  if (
    faults.length > 0 || ttl === undefined || renewDeadline === undefined || renewalInterval === undefined ||
    requestTimeout === undefined || releaseTimeout === undefined || acquireTimeout === undefined ||
    maxClockSkew === undefined || acquireRetryDelay === undefined
  ) {
    return Either.left(faults)
  }
  return Either.right({
    namespace: options.namespace,
    name: options.name,
    owner: options.owner,
    ttl: Duration.millis(ttl),
    renewalInterval: Duration.millis(renewalInterval),
    renewDeadline: Duration.millis(renewDeadline),
    requestTimeout: Duration.millis(requestTimeout),
    acquireTimeout: Duration.millis(acquireTimeout),
    releaseTimeout: Duration.millis(releaseTimeout),
    maxClockSkew: Duration.millis(maxClockSkew),
    acquireRetries,
    acquireRetryDelay: Duration.millis(acquireRetryDelay),
    releaseMode,
    labels,
    leaseDurationSeconds: limits.durationSecondsOf(ttl)
  })
}

/** `NaN` for what is no duration; `Duration` itself would take a negative one for zero. */
export const millisOf = (given: unknown): number =>
  (typeof given === "number" && given < 0) || (typeof given === "bigint" && given < 0n) ||
    (typeof given === "string" && given.startsWith("-"))
    ? NaN
    : Option.match(Duration.decodeUnknown(given), { onNone: () => NaN, onSome: Duration.toMillis })

/** The fault of a field that has to name an owner, if it has one. */
export const expectOwner = (field: string, owner: unknown): ReadonlyArray<Fault> =>
  typeof owner === "string" && /^\P{C}{1,253}$/u.test(owner)
    ? []
    : [{ field, value: owner, expected: "1 to 253 printable characters" }]

const shown = (given: unknown): unknown => Duration.isDuration(given) ? Duration.format(given) : given
