import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { X509Certificate } from "node:crypto"
import * as NodeFs from "node:fs/promises"
import type { Fault } from "../InvalidSettings.js"
import type { KubeCredentials } from "../KubeCredentials.js"
import { CredentialsError } from "../KubeError.js"
import { inClusterBaseUrl } from "./baseUrl.js"
import * as Rereading from "./rereading.js"

/** Where each part of an `Endpoint` comes from, whenever it is read anew. */
export interface Sources {
  readonly baseUrl: string
  readonly token: Effect.Effect<Redacted.Redacted, CredentialsError>
  readonly caCert: Effect.Effect<string | undefined, CredentialsError>
}

const serviceAccountFolder = "/var/run/secrets/kubernetes.io/serviceaccount"

export const maxAgeMillis = 60_000

/** C1. */
export const inClusterSources = (env: { readonly [name: string]: string | undefined }): Sources => ({
  baseUrl: inClusterBaseUrl(env),
  token: tokenFromFile(`${serviceAccountFolder}/token`),
  caCert: caCertFromFile(`${serviceAccountFolder}/ca.crt`)
})

/** Token and CA are read again when a minute old (C2). */
export const credentials = ({ baseUrl, caCert, token }: Sources): KubeCredentials["Type"] =>
  Rereading.make(Effect.all({ baseUrl: Effect.succeed(baseUrl), token, caCert }), maxAgeMillis)

export const tokenFromFile = (path: string): Effect.Effect<Redacted.Redacted, CredentialsError> =>
  Effect.flatMap(readFile(path), (text) => usableToken(Redacted.make(text.trim()), path))

export const caCertFromFile = (path: string): Effect.Effect<string, CredentialsError> =>
  Effect.filterOrFail(
    readFile(path),
    isPem,
    () => new CredentialsError({ path, message: `${path} holds no certificate in PEM form` })
  )

export const usableToken = (
  token: Redacted.Redacted,
  path?: string
): Effect.Effect<Redacted.Redacted, CredentialsError> =>
  isToken(Redacted.value(token)) ? Effect.succeed(token) : Effect.fail(
    new CredentialsError({
      path,
      message: `${
        path ?? "The token"
      } is empty or holds characters that no bearer token has. Check where it comes from.`
    })
  )

export const tokenFaults = (field: string, token: Redacted.Redacted): ReadonlyArray<Fault> =>
  isToken(Redacted.value(token))
    ? []
    : [{ field, value: token, expected: "a bearer token: printable ASCII characters without spaces" }]

export const caCertFaults = (field: string, caCert: string | undefined): ReadonlyArray<Fault> =>
  caCert === undefined || isPem(caCert) ? [] : [{ field, value: caCert, expected: "certificates in PEM form" }]

const isToken = (text: string): boolean => /^[\x21-\x7e]+$/.test(text)

/** One that can be read is enough, as for the TLS stacks: each skips what it cannot read, and one of them prints it. */
const isPem = (text: string): boolean =>
  (text.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? []).some(isCertificate)

const isCertificate = (pem: string): boolean => {
  try {
    return new X509Certificate(pem).raw.length > 0
  } catch {
    return false
  }
}

const readFile = (path: string): Effect.Effect<string, CredentialsError> =>
  Effect.tryPromise({
    try: (signal) => NodeFs.readFile(path, { encoding: "utf8", signal }),
    catch: (error) =>
      new CredentialsError({
        path,
        message: `Cannot read ${path}: ${error instanceof Error ? error.message : String(error)}. In a pod, leave ` +
          `automountServiceAccountToken on; elsewhere, give the API server's address, CA and token.`
      })
  })
