import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Redacted from "effect/Redacted"
import { KubeApi } from "../KubeApi.js"
import { KubeCredentials } from "../KubeCredentials.js"
import { CredentialsError } from "../KubeError.js"
import type { Sources } from "./credentials.js"
import { credentials, inClusterSources, usableToken } from "./credentials.js"
import { Engine } from "./engine.js"
import * as EngineLayer from "./engineLayer.js"
import * as HttpsTransport from "./httpsTransport.js"
import * as KubeHttp from "./kubeHttp.js"
import { tracedTo } from "./tracedTo.js"

/** Whatever is absent comes from the pod (C1). */
export interface ConnectionSettings {
  readonly baseUrl: string | undefined
  readonly token: string | (() => string | Promise<string>) | undefined
  readonly caCert: string | undefined
}

/** What the engine does for the instances of the Promise face that have the same connection settings (C4). */
export class Connection {
  readonly #runtime: ManagedRuntime.ManagedRuntime<Engine | HttpsTransport.HttpsTransport, never>
  #users = 0

  constructor(layer: Layer.Layer<Engine | HttpsTransport.HttpsTransport>) {
    this.#runtime = ManagedRuntime.make(layer)
  }

  /** Rejects with the error itself; an interruption by `signal` rejects with `interrupted`. */
  async run<A, E>(
    use: (engine: Engine) => Effect.Effect<A, E>,
    options?: { readonly signal: AbortSignal; readonly interrupted: () => Error }
  ): Promise<A> {
    const exit = await this.#runtime.runPromiseExit(Effect.flatMap(Engine, use), options)
    if (Exit.isSuccess(exit)) {
      return exit.value
    }
    throw options !== undefined && Cause.isInterruptedOnly(exit.cause)
      ? options.interrupted()
      : Cause.originalError(Cause.squash(exit.cause))
  }

  /** For what needs no I/O. */
  runSync<A>(use: (engine: Engine) => Effect.Effect<A>): A {
    return this.#runtime.runSync(Effect.flatMap(Engine, use))
  }

  /** Keeps connections alive while `work` goes on; once nobody needs them, they are closed. */
  async whileUsed<A>(work: () => Promise<A>): Promise<A> {
    const leave = this.use()
    const site = new Error("called here")
    try {
      return await work()
    } catch (error) {
      throw tracedTo(site, error)
    } finally {
      leave()
    }
  }

  /** Keeps connections alive until the function that it gives is called. */
  use(): () => void {
    this.#users += 1
    let used = true
    return () => {
      if (used) {
        used = false
        this.#users -= 1
        if (this.#users === 0) {
          this.#runtime.runSync(Effect.map(HttpsTransport.HttpsTransport, ({ closeIdle }) => closeIdle()))
        }
      }
    }
  }
}

const connections = new Map<string, Connection>()
const functionIds = new WeakMap<() => string | Promise<string>, number>()
let functions = 0

/** One for all that have the same settings. */
export const connectionFor = (settings: ConnectionSettings): Connection => {
  const key = JSON.stringify([settings.baseUrl, keyOf(settings.token), settings.caCert])
  const connection = connections.get(key) ?? new Connection(layer(settings))
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

const layer = (settings: ConnectionSettings): Layer.Layer<Engine | HttpsTransport.HttpsTransport> =>
  EngineLayer.layer.pipe(
    Layer.provide(Layer.effect(KubeApi, KubeHttp.overHttps)),
    Layer.provide(Layer.sync(KubeCredentials, () => credentials(sourcesOf(settings)))),
    Layer.provideMerge(HttpsTransport.layer)
  )

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
