import * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"
import type { Fault } from "../../InvalidSettings.js"
import { baseUrlFaults } from "../credentials/baseUrl.js"
import { caCertFaults } from "../credentials/certificates.js"
import { tokenFaults } from "../credentials/pod.js"
import type { KubernetesLeaseSettings } from "./interfaces.js"
import type { ConnectionSettings } from "./kubernetesConnection.js"

/** Of two spellings the one that was used, so that a fault names what its user wrote. */
const spelled = (settings: KubernetesLeaseSettings, name: Field, other: Field) =>
  settings[name] === undefined && settings[other] !== undefined ? other : name

type Field = "apiBaseUrl" | "apiServerUrl" | "serviceAccountToken" | "authToken"

/** Where the API server is, and what it is told of who asks (C3). */
export const connectionOf = (
  settings: KubernetesLeaseSettings
): Either.Either<ConnectionSettings, ReadonlyArray<Fault>> =>
  settings.kubeconfig === undefined || settings.kubeconfig === false
    ? ownConnection(settings)
    : kubeconfigConnection(settings, settings.kubeconfig)

const ownConnection = (settings: KubernetesLeaseSettings): Either.Either<ConnectionSettings, ReadonlyArray<Fault>> => {
  const urlField = spelled(settings, "apiBaseUrl", "apiServerUrl")
  const tokenField = spelled(settings, "serviceAccountToken", "authToken")
  const baseUrl = settings.apiBaseUrl ?? settings.apiServerUrl
  const token = settings.serviceAccountToken ?? settings.authToken
  const { caCert } = settings
  const faults = [
    ...(isAbsentOrText(baseUrl)
      ? baseUrl === undefined ? [] : baseUrlFaults(urlField, baseUrl)
      : [{ field: urlField, value: baseUrl, expected: "the https URL of an API server, as text" }]),
    ...(typeof token === "string"
      ? tokenFaults(tokenField, Redacted.make(token.trim()))
      : token === undefined || typeof token === "function"
      ? []
      : [{
        field: tokenField,
        value: Redacted.make(token),
        expected: "a bearer token as text, or a function that gives one"
      }]),
    ...(isAbsentOrText(caCert)
      ? caCertFaults("caCert", caCert)
      : [{ field: "caCert", value: caCert, expected: "certificates in PEM form, as text" }]),
    ...(baseUrl !== undefined && token === undefined
      ? [{
        field: tokenField,
        value: token,
        expected: "a token for apiBaseUrl: the pod's own never goes to another address"
      }]
      : [])
  ]
  return faults.length > 0 ? Either.left(faults) : Either.right({ baseUrl, token, caCert })
}

const kubeconfigConnection = (
  settings: KubernetesLeaseSettings,
  kubeconfig: NonNullable<KubernetesLeaseSettings["kubeconfig"]>
): Either.Either<ConnectionSettings, ReadonlyArray<Fault>> => {
  const faults = [
    ...(["apiBaseUrl", "apiServerUrl", "serviceAccountToken", "authToken", "caCert"] as const)
      .filter((field) => settings[field] !== undefined)
      .map((field) => ({ field, value: undefined, expected: "absent", problem: "has no place beside a kubeconfig" })),
    ...(isKubeconfig(kubeconfig)
      ? []
      : [{ field: "kubeconfig", value: kubeconfig, expected: "true, a path, or { path, context } as text" }])
  ]
  return faults.length > 0
    ? Either.left(faults)
    : Either.right({
      kubeconfig: typeof kubeconfig === "string"
        ? { path: kubeconfig }
        : typeof kubeconfig === "object"
        ? kubeconfig
        : {}
    })
}

const isKubeconfig = (u: unknown): boolean =>
  u === true || (typeof u === "string" && u !== "") ||
  (typeof u === "object" && u !== null &&
    Object.entries(u).every(([field, value]) => (field === "path" || field === "context") && isAbsentOrText(value)))

const isAbsentOrText = (u: unknown): u is string | undefined => u === undefined || typeof u === "string"
