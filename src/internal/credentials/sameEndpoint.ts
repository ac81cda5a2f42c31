import * as Redacted from "effect/Redacted"
import type { Endpoint } from "./kubeCredentials.js"

/** The same server, asked with the same credentials. */
export const isSameEndpoint = (one: Endpoint, other: Endpoint): boolean =>
  one.baseUrl === other.baseUrl && one.caCert === other.caCert && one.serverName === other.serverName &&
  isSameSecret(one.token, other.token) && one.clientCertificate?.cert === other.clientCertificate?.cert &&
  isSameSecret(one.clientCertificate?.key, other.clientCertificate?.key)

const isSameSecret = (one: Redacted.Redacted | undefined, other: Redacted.Redacted | undefined): boolean =>
  one === other || (one !== undefined && other !== undefined && Redacted.value(one) === Redacted.value(other))
