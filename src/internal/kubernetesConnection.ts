import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Redacted from "effect/Redacted"
import { KubeApi } from "../KubeApi.js"
import { KubeCredentials } from "../KubeCredentials.js"
import { CredentialsError } from "../KubeError.js"
import { Connection } from "./connection.js"
import type { Sources } from "./credentials.js"
import { credentials, inClusterSources, usableToken } from "./credentials.js"
import * as EngineLayer from "./engineLayer.js"
import * as HttpsTransport from "./httpsTransport.js"
import * as KubeHttp from "./kubeHttp.js"

/** Whatever is absent comes from the pod (C1). */
export interface ConnectionSettings {
  readonly baseUrl: string | undefined
  readonly token: string | (() => string | Promise<string>) | undefined
  readonly caCert: string | undefined
}

const connections = new Map<string, Connection>()
const functionIds = new WeakMap<() => string | Promise<string>, number>()
let functions = 0

/** One for all that have the same settings (C4). */
export const connectionFor = (settings: ConnectionSettings): Connection => {
  const key = JSON.stringify([settings.baseUrl, keyOf(settings.token), settings.caCert])
  const connection = connections.get(key) ?? open(settings)
  connections.set(key, connection)
  return connection
}

const keyOf = (token: ConnectionSettings["token"]): string | number | undefined => {
  if (typeof token !== "function") {
    return token
  }
  const id = functionIds.get(token) ?? ++functions
  functionIds.set(token, id)
  return id
}

const open = (settings: ConnectionSettings): Connection => {
  const sources = sourcesOf(settings)
  const runtime = ManagedRuntime.make(
    EngineLayer.layer.pipe(
      Layer.provide(Layer.effect(KubeApi, KubeHttp.overHttps)),
      Layer.provide(Layer.sync(KubeCredentials, () => credentials(sources))),
      Layer.provideMerge(HttpsTransport.layer)
    )
  )
  return new Connection(
    sources.baseUrl,
    runtime,
    () => runtime.runSync(Effect.map(HttpsTransport.HttpsTransport, ({ closeIdle }) => closeIdle()))
  )
}

const sourcesOf = ({ baseUrl, caCert, token }: ConnectionSettings): Sources => {
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
