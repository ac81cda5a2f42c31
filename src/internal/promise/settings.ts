import * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"
import type { Fault } from "../../InvalidSettings.js"
import { fromFaults } from "../../InvalidSettings.js"
import type { InMemoryLeaseSettings } from "../../InMemoryLease.js"
import type {
  FurtherSettings,
  KubernetesLeaseSettings,
  LeaseLogger,
  LeaseSettings as PlainSettings,
  SettingsBuilder
} from "../../KubernetesLease.js"
import type { LeaseSettings } from "../../LeaseSettings.js"
import { baseUrlFaults } from "../credentials/baseUrl.js"
import type { KubeconfigOptions } from "../credentials/kubeCredentials.js"
import type { ConnectionSettings } from "./kubernetesConnection.js"
import { caCertFaults } from "../credentials/certificates.js"
import { tokenFaults } from "../credentials/pod.js"
import type { DurationFieldNames, Limits } from "../settings/resolve.js"
import { kubernetesLimits, resolve } from "../settings/resolve.js"

/** What the settings of either class come to. */
export interface PromiseSettings {
  readonly settings: LeaseSettings
  readonly acquireWaitMillis: number
  readonly logger: LeaseLogger | undefined
}

const promiseFieldNames: DurationFieldNames = (field) => `${field}Ms`

/**
 * @throws InvalidSettings with every fault
 */
export const kubernetesSettings = (
  given: KubernetesLeaseSettings | SettingsBuilder
): PromiseSettings & { readonly connection: ConnectionSettings } => {
  const settings = built<KubernetesLeaseSettings>(given)
  const connection = connectionOf(settings)
  const resolved = resolveOrThrow(settings, settings.namespace, kubernetesLimits, leftOf(connection))
  return { ...resolved, connection: Either.getOrThrow(connection) }
}

/**
 * @throws InvalidSettings with every fault
 */
export const memorySettings = (given: InMemoryLeaseSettings | SettingsBuilder, limits: Limits): PromiseSettings => {
  const settings = built<InMemoryLeaseSettings>(given)
  return resolveOrThrow(settings, settings.namespace ?? "default", limits, [])
}

const longestAcquireWaitMillis = 2 ** 31 - 1

const resolveOrThrow = (
  settings: PlainSettings & FurtherSettings,
  namespace: string,
  limits: Limits,
  otherFaults: ReadonlyArray<Fault>
): PromiseSettings => {
  const { acquireWaitMs = 0 } = settings
  const lease = resolve(
    {
      namespace,
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
  const waitFaults = acquireWaitMs >= 0 && acquireWaitMs <= longestAcquireWaitMillis
    ? []
    : [{
      field: "acquireWaitMs",
      value: acquireWaitMs,
      expected: `a duration of at least 0 ms and at most ${longestAcquireWaitMillis} ms`
    }]
  if (Either.isLeft(lease) || waitFaults.length > 0 || otherFaults.length > 0) {
    throw fromFaults([...leftOf(lease), ...waitFaults, ...otherFaults])
  }
  return { settings: lease.right, acquireWaitMillis: acquireWaitMs, logger: settings.logger }
}

const leftOf = <A>(either: Either.Either<A, ReadonlyArray<Fault>>): ReadonlyArray<Fault> =>
  Either.isLeft(either) ? either.left : []

const built = <S extends object>(given: S | SettingsBuilder): S => "build" in given ? given.build() as S : given

const connectionOf = (settings: KubernetesLeaseSettings): Either.Either<ConnectionSettings, ReadonlyArray<Fault>> => {
  const baseUrl = settings.apiBaseUrl ?? settings.apiServerUrl
  const token = settings.serviceAccountToken ?? settings.authToken
  const { caCert } = settings
  const kubeconfig = kubeconfigOf(settings.kubeconfig)
  if (kubeconfig !== undefined) {
    const others = Object.entries({ apiBaseUrl: baseUrl, serviceAccountToken: token, caCert })
      .filter(([, value]) => value !== undefined)
    return others.length === 0
      ? Either.right({ kubeconfig })
      : Either.left(others.map(([field]) => ({ field, value: "given", expected: "absent beside a kubeconfig" })))
  }
  const faults = [
    ...(baseUrl === undefined ? [] : baseUrlFaults("apiBaseUrl", baseUrl)),
    ...(typeof token === "string" ? tokenFaults("serviceAccountToken", Redacted.make(token.trim())) : []),
    ...caCertFaults("caCert", caCert),
    ...(baseUrl !== undefined && token === undefined
      ? [{
        field: "serviceAccountToken",
        value: token,
        expected: "a token for apiBaseUrl: the pod's own never goes to another address"
      }]
      : [])
  ]
  return faults.length > 0 ? Either.left(faults) : Either.right({ baseUrl, token, caCert })
}

const kubeconfigOf = (given: KubernetesLeaseSettings["kubeconfig"]): KubeconfigOptions | undefined =>
  given === true ? {} : typeof given === "string" ? { path: given } : given
