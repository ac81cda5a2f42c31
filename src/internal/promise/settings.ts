import * as Either from "effect/Either"
import type { Fault } from "../../InvalidSettings.js"
import { fromFaults } from "../../InvalidSettings.js"
import type { LeaseSettings } from "../../LeaseSettings.js"
import { podNamespace } from "../credentials/podNamespace.js"
import { processOwner } from "../settings/defaultOwner.js"
import type { Limits } from "../settings/resolve.js"
import { kubernetesLimits, longestMillis, millisecondNumbers, resolve } from "../settings/resolve.js"
import { unknownSettings } from "../settings/unknownSettings.js"
import { connectionOf } from "./connectionSettings.js"
import { loggerFaults, loggerOf } from "./givenLogger.js"
import type {
  FurtherSettings,
  InMemoryLeaseSettings,
  KubernetesLeaseSettings,
  LeaseLogger,
  LeaseSettings as PlainSettings,
  SettingsBuilder
} from "./interfaces.js"
import type { ConnectionSettings } from "./kubernetesConnection.js"

/** What the settings of either class come to. */
export interface PromiseSettings {
  readonly settings: LeaseSettings
  readonly acquireWaitMillis: number
  readonly logger: LeaseLogger | undefined
}

type Checked<A> = Either.Either<A, ReadonlyArray<Fault>>

const commonFields = {
  name: true,
  owner: true,
  ttlMs: true,
  renewalIntervalMs: true,
  acquireRetries: true,
  acquireRetryDelayMs: true,
  renewDeadlineMs: true,
  requestTimeoutMs: true,
  acquireTimeoutMs: true,
  acquireWaitMs: true,
  releaseTimeoutMs: true,
  maxClockSkewMs: true,
  releaseMode: true,
  labels: true,
  logger: true
} satisfies Record<keyof (PlainSettings & FurtherSettings), true>

const memoryFields = { ...commonFields, namespace: true } satisfies Record<keyof InMemoryLeaseSettings, true>

const kubernetesFields = {
  ...memoryFields,
  apiBaseUrl: true,
  caCert: true,
  serviceAccountToken: true,
  kubeconfig: true,
  apiServerUrl: true,
  authToken: true
} satisfies Record<keyof KubernetesLeaseSettings, true>

/** Every fault, or the settings. Users without a type checker may have given anything. */
export const kubernetesSettings = (
  given: KubernetesLeaseSettings | SettingsBuilder
): Checked<PromiseSettings & { readonly connection: ConnectionSettings }> =>
  Either.flatMap(objectOf<KubernetesLeaseSettings>(given), (settings) => {
    const connection = connectionOf(settings)
    // The pod's namespace says nothing about the server of a kubeconfig.
    const namespace = settings.namespace === undefined && !settings.kubeconfig
      ? podNamespace(process.env)
      : settings.namespace
    const lease = leaseSettings(settings, namespace, kubernetesLimits)
    return allOf(
      [unknownSettings(settings, Object.keys(kubernetesFields)), leftOf(lease), leftOf(connection)],
      Either.zipWith(lease, connection, (lease, connection) => ({ ...lease, connection }))
    )
  })

/** Every fault, or the settings. */
export const memorySettings = (
  given: InMemoryLeaseSettings | SettingsBuilder,
  limits: Limits
): Checked<PromiseSettings> =>
  Either.flatMap(objectOf<InMemoryLeaseSettings>(given), (settings) => {
    const { namespace = "default" } = settings
    const lease = leaseSettings(settings, namespace, limits)
    return allOf([unknownSettings(settings, Object.keys(memoryFields)), leftOf(lease)], lease)
  })

/**
 * @throws InvalidSettings with every fault
 */
export const settingsOrThrow = <A>(checked: Checked<A>, otherFaults: ReadonlyArray<Fault>): A => {
  if (Either.isLeft(checked) || otherFaults.length > 0) {
    throw fromFaults([...leftOf(checked), ...otherFaults])
  }
  return checked.right
}

const leaseSettings = (
  settings: PlainSettings & FurtherSettings,
  namespace: string | undefined,
  limits: Limits
): Checked<PromiseSettings> => {
  const { acquireWaitMs = 0, owner = processOwner() } = settings
  const lease = resolve(
    {
      namespace,
      name: settings.name,
      owner,
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
    millisecondNumbers
  )
  const { expected, millisOf } = millisecondNumbers
  const acquireWaitMillis = millisOf(acquireWaitMs)
  const waitFaults = acquireWaitMillis >= 0 && acquireWaitMillis <= longestMillis
    ? []
    : [{ field: "acquireWaitMs", value: acquireWaitMs, expected: expected(0, longestMillis) }]
  return allOf(
    [leftOf(lease), waitFaults, loggerFaults(settings.logger)],
    Either.map(lease, (lease) => ({ settings: lease, acquireWaitMillis, logger: loggerOf(settings.logger) }))
  )
}

/** An object with `build()` is built. */
const objectOf = <S extends object>(given: S | SettingsBuilder): Checked<S> => {
  const settings: unknown = isBuilder(given) ? given.build() : given
  return isObject(settings)
    ? Either.right(settings as S)
    : Either.left([{
      field: "settings",
      value: settings,
      expected: `an object, such as { namespace: "default", name: "leader", ttlMs: 30_000 }`
    }])
}

const isObject = (u: unknown): u is object => typeof u === "object" && u !== null && !Array.isArray(u)

const isBuilder = (u: unknown): u is SettingsBuilder => isObject(u) && "build" in u && typeof u.build === "function"

const leftOf = <A>(checked: Checked<A>): ReadonlyArray<Fault> => Either.isLeft(checked) ? checked.left : []

const allOf = <A>(faults: ReadonlyArray<ReadonlyArray<Fault>>, checked: Checked<A>): Checked<A> => {
  const all = faults.flat()
  return all.length > 0 ? Either.left(all) : checked
}
