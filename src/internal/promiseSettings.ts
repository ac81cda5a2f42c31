import * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"
import type { Fault } from "../InvalidSettings.js"
import { fromFaults } from "../InvalidSettings.js"
import type { KubernetesLeaseSettings, LeaseLogger } from "../KubernetesLease.js"
import type { LeaseSettings } from "../LeaseSettings.js"
import { baseUrlFaults } from "./baseUrl.js"
import type { ConnectionSettings } from "./connection.js"
import { caCertFaults, tokenFaults } from "./credentials.js"
import type { DurationFieldNames, Limits } from "./resolveSettings.js"
import { resolve } from "./resolveSettings.js"

/** What the settings of a `KubernetesLease` come to. */
export interface PromiseSettings {
  readonly lease: LeaseSettings
  readonly connection: ConnectionSettings
  readonly logger: LeaseLogger | undefined
}

const promiseFieldNames: DurationFieldNames = (field) => `${field}Ms`

/**
 * @throws InvalidSettings with every fault
 */
export const promiseSettings = (
  given: KubernetesLeaseSettings | { readonly build: () => object },
  limits: Limits
): PromiseSettings => {
  const settings = built(given)
  const lease = resolve(
    {
      namespace: settings.namespace,
      name: settings.name,
      owner: settings.owner,
      ttl: settings.ttlMs,
      renewalInterval: settings.renewalIntervalMs,
      renewDeadline: settings.renewDeadlineMs,
      requestTimeout: settings.requestTimeoutMs,
      acquireTimeout: settings.acquireTimeoutMs,
      releaseTimeout: settings.releaseTimeoutMs,
      maxClockSkew: settings.maxClockSkewMs,
      acquireRetries: settings.acquireRetries,
      acquireRetryDelay: settings.acquireRetryDelayMs,
      releaseMode: settings.releaseMode,
      labels: settings.labels
    },
    limits,
    promiseFieldNames
  )
  const connection = connectionOf(settings)
  if (Either.isLeft(lease) || Either.isLeft(connection)) {
    throw fromFaults([...leftOf(lease), ...leftOf(connection)])
  }
  return { lease: lease.right, connection: connection.right, logger: settings.logger }
}

const leftOf = <A>(either: Either.Either<A, ReadonlyArray<Fault>>): ReadonlyArray<Fault> =>
  Either.isLeft(either) ? either.left : []

const built = (given: KubernetesLeaseSettings | { readonly build: () => object }): KubernetesLeaseSettings =>
  "build" in given ? given.build() as KubernetesLeaseSettings : given

const connectionOf = (settings: KubernetesLeaseSettings): Either.Either<ConnectionSettings, ReadonlyArray<Fault>> => {
  const baseUrl = settings.apiBaseUrl ?? settings.apiServerUrl
  const token = settings.serviceAccountToken ?? settings.authToken
  const { caCert } = settings
  const faults = [
    ...(baseUrl === undefined ? [] : baseUrlFaults("apiBaseUrl", baseUrl)),
    ...(typeof token === "string" ? tokenFaults("serviceAccountToken", Redacted.make(token.trim())) : []),
    ...caCertFaults("caCert", caCert),
    ...(baseUrl !== undefined && token === undefined
      ? [{
        field: "serviceAccountToken",
        value: token,
        expected: "a token for apiBaseUrl: the pod's own never goes to another address (C3)"
      }]
      : [])
  ]
  return faults.length > 0 ? Either.left(faults) : Either.right({ baseUrl, token, caCert })
}
