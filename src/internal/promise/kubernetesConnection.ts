import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import { KubeApi } from "../../KubeApi.js"
import { CredentialsError } from "../../KubeError.js"
import { WeakValues } from "../base/weakValues.js"
import { normalUrl, serverOf } from "../credentials/baseUrl.js"
import { kubeconfigCredentials } from "../credentials/kubeconfig.js"
import type { KubeconfigOptions } from "../credentials/kubeCredentials.js"
import { KubeCredentials } from "../credentials/kubeCredentials.js"
import type { Sources } from "../credentials/pod.js"
import { credentials, inClusterSources, usableToken } from "../credentials/pod.js"
import * as KubeHttp from "../http/client.js"
import { HttpsTransport } from "../http/httpsTransport.js"
import { SharedPool } from "../http/sharedPool.js"
import * as EngineLayer from "../protocol/layer.js"
import { Connection } from "./connection.js"
import { lazily } from "./engineRuntime.js"

export type ConnectionSettings = OwnSettings | { readonly kubeconfig: KubeconfigOptions }

type TokenFunction = () => string | Promise<string>

/** Whatever is absent comes from the pod (C1). */
interface OwnSettings {
  readonly baseUrl: string | undefined
  readonly token: string | TokenFunction | undefined
  readonly caCert: string | undefined
}

/**
 * A connection lasts as long as an instance or a token function that has it. With it goes what it has seen of other
 * holders (E1), so the last few are kept for programs that make a new instance for each try.
 */
const connections = new WeakValues<Connection>()
const lastOpened = new Set<Connection>()
const mostLastOpened = 16
const connectionsOfFunctions = new WeakMap<TokenFunction, Map<string, Connection>>()

/** Those who trust a server alike share sockets, whatever their tokens. */
const pools = new WeakValues<SharedPool>()

/** One for all that have the same settings (C4). */
export const connectionFor = (settings: ConnectionSettings): Connection =>
  "kubeconfig" in settings || typeof settings.token !== "function"
    ? keep(connections.getOrMake(keyOf(settings), () => open(settings)))
    : connectionOfFunction(settings.token, settings)

const keep = (connection: Connection): Connection => {
  lastOpened.delete(connection)
  lastOpened.add(connection)
  if (lastOpened.size > mostLastOpened) {
    const [oldest] = lastOpened
    lastOpened.delete(oldest ?? connection)
  }
  return connection
}

const connectionOfFunction = (token: TokenFunction, settings: OwnSettings): Connection => {
  const known = connectionsOfFunctions.get(token) ?? new Map<string, Connection>()
  connectionsOfFunctions.set(token, known)
  const key = keyOf({ ...settings, token: undefined })
  const connection = known.get(key) ?? open(settings)
  known.set(key, connection)
  return connection
}

const keyOf = (settings: ConnectionSettings): string =>
  "kubeconfig" in settings
    ? JSON.stringify(["kubeconfig", settings.kubeconfig.path, settings.kubeconfig.context])
    : JSON.stringify([settings.baseUrl && normalUrl(settings.baseUrl), settings.token, settings.caCert])

const open = (settings: ConnectionSettings): Connection => {
  if ("kubeconfig" in settings) {
    // Two files may name one server, which is not known before they are read.
    let server = keyOf(settings)
    return connectionOver(
      () => server,
      new SharedPool(),
      kubeconfigCredentials(settings.kubeconfig, (baseUrl) => {
        server = serverOf(baseUrl)
      })
    )
  }
  const sources = sourcesOf(settings)
  const server = serverOf(sources.baseUrl)
  const trusting = JSON.stringify([server, settings.baseUrl === undefined, settings.caCert])
  const pool = pools.getOrMake(trusting, () => new SharedPool())
  return connectionOver(() => server, pool, credentials(sources))
}

const connectionOver = (
  server: () => string,
  pool: SharedPool,
  credentials: Effect.Effect<KubeCredentials["Type"], never, Scope.Scope>
): Connection => {
  const runtime = lazily(
    EngineLayer.layer.pipe(
      Layer.provide(Layer.effect(KubeApi, KubeHttp.overHttps)),
      Layer.provide(Layer.scoped(KubeCredentials, credentials)),
      Layer.provide(Layer.succeed(HttpsTransport, pool.transport))
    )
  )
  return new Connection({ server, runtime, onUse: () => pool.use() })
}

const sourcesOf = ({ baseUrl, caCert, token }: OwnSettings): Sources => {
  const pod = inClusterSources(process.env)
  return {
    baseUrl: baseUrl ?? pod.baseUrl,
    token: token === undefined ? pod.token : tokenOf(token),
    caCert: caCert !== undefined
      ? Effect.succeed({ text: caCert, source: "caCert" })
      : baseUrl !== undefined
      ? Effect.succeed(undefined)
      : pod.caCert
  }
}

const tokenOf = (token: string | TokenFunction): Sources["token"] =>
  typeof token === "string"
    ? Effect.succeed(Redacted.make(token.trim()))
    : Effect.tryPromise({
      try: async () => Redacted.make((await token()).trim()),
      catch: (error) =>
        new CredentialsError({
          message: `serviceAccountToken failed: ${error instanceof Error ? error.message : String(error)}`
        })
    }).pipe(Effect.flatMap((read) => usableToken(read)))
