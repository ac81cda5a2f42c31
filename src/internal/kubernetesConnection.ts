import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Redacted from "effect/Redacted"
import { KubeApi } from "../KubeApi.js"
import type { KubeconfigOptions } from "../KubeCredentials.js"
import { KubeCredentials } from "../KubeCredentials.js"
import { CredentialsError } from "../KubeError.js"
import { Connection } from "./connection.js"
import type { Sources } from "./credentials.js"
import { credentials, inClusterSources, usableToken } from "./credentials.js"
import * as EngineLayer from "./engineLayer.js"
import * as HttpsTransport from "./httpsTransport.js"
import { kubeconfigCredentials } from "./kubeconfig.js"
import * as KubeHttp from "./kubeHttp.js"

export type ConnectionSettings = OwnSettings | { readonly kubeconfig: KubeconfigOptions }

/** Whatever is absent comes from the pod (C1). */
interface OwnSettings {
  readonly baseUrl: string | undefined
  readonly token: string | (() => string | Promise<string>) | undefined
  readonly caCert: string | undefined
}

const connections = new Map<string, Connection>()
const functionIds = new WeakMap<() => string | Promise<string>, number>()
let functions = 0

/** One for all that have the same settings (C4). */
export const connectionFor = (settings: ConnectionSettings): Connection => {
  const key = "kubeconfig" in settings
    ? serverOf(settings.kubeconfig)
    : JSON.stringify([settings.baseUrl, keyOf(settings.token), settings.caCert])
  const connection = connections.get(key) ?? open(settings)
  connections.set(key, connection)
  return connection
}

/** Without reading it; two files for one server are two servers. */
const serverOf = ({ context, path }: KubeconfigOptions): string => JSON.stringify(["kubeconfig", path, context])

const keyOf = (token: OwnSettings["token"]): string | number | undefined => {
  if (typeof token !== "function") {
    return token
  }
  const id = functionIds.get(token) ?? ++functions
  functionIds.set(token, id)
  return id
}

const open = (settings: ConnectionSettings): Connection => {
  if ("kubeconfig" in settings) {
    return connectionOver(serverOf(settings.kubeconfig), () => kubeconfigCredentials(settings.kubeconfig))
  }
  const sources = sourcesOf(settings)
  return connectionOver(sources.baseUrl, () => credentials(sources))
}

const connectionOver = (server: string, credentials: () => KubeCredentials["Type"]): Connection => {
  const runtime = ManagedRuntime.make(
    EngineLayer.layer.pipe(
      Layer.provide(Layer.effect(KubeApi, KubeHttp.overHttps)),
      Layer.provide(Layer.sync(KubeCredentials, credentials)),
      Layer.provideMerge(HttpsTransport.layer)
    )
  )
  return new Connection(
    server,
    runtime,
    () => runtime.runSync(Effect.map(HttpsTransport.HttpsTransport, ({ closeIdle }) => closeIdle()))
  )
}

const sourcesOf = ({ baseUrl, caCert, token }: OwnSettings): Sources => {
  const pod = inClusterSources(process.env)
  return {
    baseUrl: baseUrl ?? pod.baseUrl,
    token: token === undefined ? pod.token : tokenOf(token),
    caCert: caCert !== undefined || baseUrl !== undefined ? Effect.succeed(caCert) : pod.caCert
  }
}

const tokenOf = (token: string | (() => string | Promise<string>)): Sources["token"] =>
  typeof token === "string"
    ? Effect.succeed(Redacted.make(token.trim()))
    : Effect.tryPromise({
      try: async () => Redacted.make((await token()).trim()),
      catch: (error) =>
        new CredentialsError({
          message: `serviceAccountToken failed: ${error instanceof Error ? error.message : String(error)}`
        })
    }).pipe(Effect.flatMap((read) => usableToken(read)))
