import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as NodeFs from "node:fs/promises"
import type { Fault } from "../../InvalidSettings.js"
import { CredentialsError } from "../../KubeError.js"
import { log } from "../base/logging.js"
import { inClusterBaseUrl } from "./baseUrl.js"
import { bundleOf } from "./certificates.js"
import type { Endpoint, KubeCredentials } from "./kubeCredentials.js"
import * as Rereading from "./rereading.js"
import { isSameEndpoint } from "./sameEndpoint.js"

/** Where each part of an `Endpoint` comes from, whenever it is read anew. */
export interface Sources {
  readonly baseUrl: string
  readonly token: Effect.Effect<Redacted.Redacted, CredentialsError>
  readonly caCert: Effect.Effect<NamedText | undefined, CredentialsError>
}

/** What was read, and from where, as a message calls it. */
export interface NamedText {
  readonly text: string
  readonly source: string
}

export const serviceAccountFolder = "/var/run/secrets/kubernetes.io/serviceaccount"

const maxAgeMillis = 60_000

/** C1. */
export const inClusterSources = (env: { readonly [name: string]: string | undefined }): Sources => ({
  baseUrl: inClusterBaseUrl(env),
  token: tokenFromFile(`${serviceAccountFolder}/token`),
  caCert: textFromFile(`${serviceAccountFolder}/ca.crt`)
})

/** What is read is read again when a minute old, beside the requests, and when the server has refused it (C2). */
export const rereading = (
  read: (occasion: Rereading.Occasion) => Effect.Effect<Endpoint, CredentialsError>
): Effect.Effect<KubeCredentials["Type"], never, Scope.Scope> =>
  Rereading.make({
    read,
    subject: "credentials of the API server",
    maxAgeMillis,
    isSame: isSameEndpoint,
    onStuck: () =>
      new CredentialsError({
        message: `The credentials of the API server could not be read within ${Rereading.longestReadMillis / 1000} s`
      })
  })

export const credentials = (
  { baseUrl, caCert, token }: Sources
): Effect.Effect<KubeCredentials["Type"], never, Scope.Scope> => {
  const usable = usableCaCert()
  return rereading(() =>
    Effect.all({ baseUrl: Effect.succeed(baseUrl), token, caCert: Effect.flatMap(caCert, usable) })
  )
}

export const tokenFromFile = (path: string): Effect.Effect<Redacted.Redacted, CredentialsError> =>
  Effect.flatMap(readText(path), (text) => usableToken(Redacted.make(text.trim()), path))

export const textFromFile = (path: string): Effect.Effect<NamedText, CredentialsError> =>
  Effect.map(readText(path), (text) => ({ text, source: path }))

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

const isToken = (text: string): boolean => /^[\x21-\x7e]+$/.test(text)

/** The certificates that can be read; the others are named in the log, once for each text that holds them. */
export const usableCaCert = (): (
  read: NamedText | undefined
) => Effect.Effect<string | undefined, CredentialsError> => {
  let warnedOf: string | undefined
  return (read) =>
    Effect.suspend(() => {
      if (read === undefined) {
        return Effect.succeed(undefined)
      }
      const { source, text } = read
      const { pem, unreadable } = bundleOf(text)
      if (pem === undefined) {
        return Effect.fail(
          new CredentialsError({ path: source, message: `${source} holds no certificate in PEM form` })
        )
      }
      if (unreadable.length === 0 || warnedOf === text) {
        return Effect.succeed(pem)
      }
      warnedOf = text
      return Effect.as(
        log(Effect.logWarning(`${source}: ${unreadable.join(", ")} cannot be read and is passed over`)),
        pem
      )
    })
}

export const readText = (path: string): Effect.Effect<string, CredentialsError> =>
  Effect.tryPromise({
    try: (signal) => NodeFs.readFile(path, { encoding: "utf8", signal }),
    catch: (error) =>
      new CredentialsError({
        path,
        message: `Cannot read ${path}: ${error instanceof Error ? error.message : String(error)}. In a pod, leave ` +
          `automountServiceAccountToken on; elsewhere, give the API server's address, CA and token.`
      })
  })
