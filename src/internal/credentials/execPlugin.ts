import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { CredentialsError } from "../../KubeError.js"
import type { Ending } from "./childProcess.js"
import { run } from "./childProcess.js"
import { given } from "./kubeconfigFiles.js"
import type { Exec } from "./kubeconfigSchema.js"
import type { Endpoint } from "./kubeCredentials.js"
import { longestReadMillis } from "./rereading.js"

// https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins

/** The cluster as a plugin is told of it. */
export interface PluginCluster {
  readonly server: string
  readonly tlsServerName: string | undefined
  readonly caCert: string | undefined
  readonly config: unknown
}

export interface PluginCredential extends Pick<Endpoint, "token" | "clientCertificate"> {
  /** By the wall clock; absent: until the server refuses it. */
  readonly expiresAtMillis: number | undefined
}

/** It is ended before whoever waits for it gives up, so that they are told why. */
const longestMillis = longestReadMillis - 500

const mostBytes = 1 << 20

/** What it is run with says whether two runs are one. */
export const pluginKey = (exec: Exec, cluster: PluginCluster): string =>
  JSON.stringify([exec, exec.provideClusterInfo === true ? cluster : undefined])

/** Nothing that a plugin prints gets into a message, nor its arguments: either may hold a secret (C5). */
export const runPlugin = (exec: Exec, cluster: PluginCluster): Effect.Effect<PluginCredential, CredentialsError> => {
  const failed = (what: string) =>
    new CredentialsError({ message: `The exec plugin ${JSON.stringify(exec.command)} ${what}` })
  return exec.interactiveMode === "Always"
    ? Effect.fail(failed(
      "has interactiveMode Always: it asks a person, and there is none here. Use one that runs without a terminal."
    ))
    : run({
      command: exec.command,
      args: exec.args ?? [],
      env: {
        ...process.env,
        ...Object.fromEntries((exec.env ?? []).map(({ name, value }) => [name, value ?? ""])),
        KUBERNETES_EXEC_INFO: JSON.stringify(execInfo(exec, cluster))
      },
      longestMillis,
      mostBytes
    }).pipe(
      Effect.flatMap((ending) =>
        Either.flatMap(outputOf(ending, exec), (output) => credentialOf(output, exec.apiVersion))
      ),
      Effect.mapError(failed)
    )
}

const execInfo = (exec: Exec, { caCert, config, server, tlsServerName }: PluginCluster) => ({
  kind: "ExecCredential",
  apiVersion: exec.apiVersion,
  spec: {
    ...(exec.provideClusterInfo === true
      ? {
        cluster: {
          server,
          "tls-server-name": tlsServerName,
          "certificate-authority-data": caCert === undefined ? undefined : Buffer.from(caCert).toString("base64"),
          config
        }
      }
      : {}),
    interactive: false
  }
})

const byHand =
  "What it printed is not repeated here, for it may hold a secret: run kubectl with this kubeconfig to see it."

const outputOf = (ending: Ending, exec: Exec): Either.Either<string, string> => {
  switch (ending._tag) {
    case "Exited":
      return ending.code === 0
        ? Either.right(ending.output)
        : Either.left(
          `ended with ${ending.code === null ? `signal ${ending.signal}` : `exit code ${ending.code}`}. ${byHand}`
        )
    case "NotStarted": {
      const hint = given(exec.installHint)
      return Either.left(
        `cannot be started (${ending.code ?? "for an unknown reason"})${
          ending.code === "ENOENT" ? ": is it installed?" : ""
        }${hint === undefined ? "" : ` ${withoutControls(hint)}`}`
      )
    }
    case "TimedOut":
      return Either.left(`gave nothing within ${longestMillis / 1000} s and was ended. Does it wait for a person?`)
    case "PrintedTooMuch":
      return Either.left(`printed more than ${mostBytes} bytes and was ended`)
  }
}

/** A hint may colour a terminal. */
const withoutControls = (text: string): string =>
  text.replace(/\p{Cc}\[[0-9;]*[A-Za-z]/gu, "").replace(/[^\P{C}\n]/gu, "").trim()

const ExecCredential = Schema.parseJson(Schema.Struct({
  apiVersion: Schema.String,
  kind: Schema.Literal("ExecCredential"),
  status: Schema.Struct({
    token: Schema.optional(Schema.NullOr(Schema.String)),
    clientCertificateData: Schema.optional(Schema.NullOr(Schema.String)),
    clientKeyData: Schema.optional(Schema.NullOr(Schema.String)),
    expirationTimestamp: Schema.optional(Schema.NullOr(Schema.String))
  })
}))

const credentialOf = (output: string, apiVersion: string): Either.Either<PluginCredential, string> => {
  const decoded = Option.getOrUndefined(Schema.decodeOption(ExecCredential)(output))
  if (decoded === undefined) {
    return Either.left(`printed no ExecCredential with a status. ${byHand}`)
  }
  if (decoded.apiVersion !== apiVersion) {
    return Either.left(`printed an ExecCredential of another version than ${apiVersion}, which its kubeconfig names`)
  }
  const { clientCertificateData, clientKeyData, expirationTimestamp, token } = decoded.status
  const [bearer, cert, key] = [given(token?.trim()), given(clientCertificateData), given(clientKeyData)]
  if ((cert === undefined) !== (key === undefined)) {
    return Either.left("gave a client certificate without its key, or a key without its certificate")
  }
  if (bearer === undefined && cert === undefined) {
    return Either.left("gave neither a token nor a client certificate")
  }
  const expiresAtMillis = given(expirationTimestamp) === undefined ? undefined : Date.parse(expirationTimestamp ?? "")
  if (Number.isNaN(expiresAtMillis)) {
    return Either.left("gave an expirationTimestamp that is no time")
  }
  return Either.right({
    token: bearer === undefined ? undefined : Redacted.make(bearer),
    clientCertificate: cert === undefined || key === undefined ? undefined : { cert, key: Redacted.make(key) },
    expiresAtMillis
  })
}
