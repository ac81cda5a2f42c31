import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type { Fault } from "../../InvalidSettings.js"
import type { LeaseSettings, Options } from "./leaseSettings.js"
import { isLabelKey, isLabelValue, isNamespace, isObjectName } from "./names.js"
import { ownerFaults } from "./owner.js"

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

/** How a face has its durations, so that a fault speaks of what its user wrote. */
export interface DurationSpelling {
  readonly nameOf: (field: DurationField) => string
  /** `NaN` for what is no duration. */
  readonly millisOf: (given: unknown) => number
  readonly expected: (minimumMillis: number, maximumMillis: number) => string
}

/** `NaN` for what is no duration; `Duration` itself would take a negative one for zero. */
export const millisOf = (given: unknown): number =>
  (typeof given === "number" && given < 0) || (typeof given === "bigint" && given < 0n) ||
    (typeof given === "string" && given.startsWith("-"))
    ? NaN
    : Option.match(Duration.decodeUnknown(given), { onNone: () => NaN, onSome: Duration.toMillis })

export const effectDurations: DurationSpelling = {
  nameOf: (field) => field,
  millisOf,
  expected: (minimum, maximum) => `a duration of at least ${minimum} ms and at most ${maximum} ms`
}

/** Numbers alone: a text has units that nobody checks where it comes from a variable, as `"30"` for 30 seconds. */
export const millisecondNumbers: DurationSpelling = {
  nameOf: (field) => `${field}Ms`,
  millisOf: (given) => typeof given === "number" ? given : NaN,
  expected: (minimum, maximum) => `a number of milliseconds from ${minimum} to ${maximum}`
}

/** The longest that a timer of a JavaScript runtime waits. */
export const longestMillis = 2 ** 31 - 1

const defaultAcquireRetryDelayMillis = 100
const defaultMaxClockSkewMillis = 1000

/** What a face knows of a lease before it is looked at. */
export interface Given extends Omit<Options, "namespace" | "owner"> {
  readonly namespace: string | undefined
  readonly owner: string
}

/** Settings with their defaults, or everything that is wrong with them. */
export const resolve = (
  options: Given,
  limits: Limits,
  { expected, millisOf, nameOf }: DurationSpelling
): Either.Either<LeaseSettings, ReadonlyArray<Fault>> => {
  const faults: Array<Fault> = []
  const expect = (holds: boolean, field: string, value: unknown, right: string): void => {
    if (!holds) {
      faults.push({ field, value, expected: right })
    }
  }

  expect(
    isObjectName(options.name),
    "name",
    options.name,
    "the name of the Lease, an RFC 1123 subdomain: at most 253 of a-z, 0-9, '-' and '.', with a letter or digit at both ends of each part"
  )
  expect(
    isNamespace(options.namespace),
    "namespace",
    options.namespace,
    "the namespace of the Lease, an RFC 1123 label: at most 63 of a-z, 0-9 and '-', with a letter or digit at both ends"
  )
  faults.push(...ownerFaults("owner", options.owner))
  const { acquireRetries = limits.defaultAcquireRetries, labels = {}, releaseMode = "delete" } = options
  expect(
    Number.isInteger(acquireRetries) && acquireRetries >= 0,
    "acquireRetries",
    acquireRetries,
    "a whole number of at least 0"
  )
  expect(releaseMode === "delete" || releaseMode === "clear", "releaseMode", releaseMode, `"delete" or "clear"`)
  const areLabels = typeof labels === "object" && labels !== null && !Array.isArray(labels)
  expect(areLabels, "labels", labels, "an object of labels and their values")
  for (const [key, value] of areLabels ? Object.entries(labels) : []) {
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
    expect(holds, nameOf(field), shown(given), expected(minimum, longestMillis))
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
    faults.length > 0 || options.namespace === undefined || ttl === undefined || renewDeadline === undefined ||
    renewalInterval === undefined ||
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

const shown = (given: unknown): unknown => Duration.isDuration(given) ? Duration.format(given) : given
