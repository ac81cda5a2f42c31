import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as NodeFs from "node:fs/promises"
import { CredentialsError } from "../../KubeError.js"
import { baseUrlFaults } from "./baseUrl.js"
import { clientNode } from "./clientNode.js"
import type { PluginCluster, PluginCredential } from "./execPlugin.js"
import { pluginKey, runPlugin } from "./execPlugin.js"
import type { Locations, View } from "./kubeconfigFiles.js"
import { given, kubeconfigError, locationsOf, viewOf } from "./kubeconfigFiles.js"
import type { AuthProvider } from "./kubeconfigSchema.js"
import type { Endpoint, KubeconfigOptions, KubeCredentials } from "./kubeCredentials.js"
import type { NamedText, Sources } from "./pod.js"
import { inClusterSources, rereading, usableCaCert, usableToken } from "./pod.js"
import type { Occasion } from "./rereading.js"

/**
 * The files are read anew each time; what a plugin has given is used until it has expired by its own word, or is refused
 * (C2). `onRead` is told which server they name.
 */
export const kubeconfigCredentials = (
  options: KubeconfigOptions,
  onRead: (baseUrl: string) => void = () => undefined
): Effect.Effect<KubeCredentials["Type"], never, Scope.Scope> =>
  Effect.suspend(() => {
    const reader = new Reader()
    const pod = inClusterSources(process.env)
    return rereading((occasion) =>
      Effect.gen(function*() {
        const locations = locationsOf(options, process.env)
        const view = yield* viewOf(options, locations)
        return view === undefined
          ? yield* reader.endpointOfPod(pod, locations)
          : yield* reader.endpointOf(view, locations, occasion)
      }).pipe(Effect.tap(({ baseUrl }) => onRead(baseUrl)))
    )
  })

interface Kept<A> {
  readonly key: string
  readonly value: A
}

interface HttpsOptions {
  readonly headers: { Authorization?: unknown }
}

/** Reads what a kubeconfig points to, and keeps what is not to be asked for twice. */
class Reader {
  readonly #usableCaCert = usableCaCert()
  #plugin: Kept<PluginCredential> | undefined
  #authProvider: Kept<{ readonly applyToHTTPSOptions: (options: HttpsOptions) => Promise<void> }> | undefined
  #tokenFile: Kept<Redacted.Redacted> | undefined

  /** Without any file, kubectl takes what a pod has. */
  endpointOfPod(pod: Sources, locations: Locations): Effect.Effect<Endpoint, CredentialsError> {
    return Effect.all({
      baseUrl: Effect.succeed(pod.baseUrl),
      token: pod.token,
      caCert: Effect.flatMap(pod.caCert, this.#usableCaCert)
    }).pipe(
      Effect.mapError(() => kubeconfigError(locations, `is missing: none of ${locations.files.join(", ")} exists`))
    )
  }

  endpointOf(view: View, locations: Locations, occasion: Occasion): Effect.Effect<Endpoint, CredentialsError> {
    const { cluster, user } = view
    return Effect.gen(this, function*() {
      const unsupported = unsupportedIn(view)
      if (unsupported.length > 0) {
        return yield* kubeconfigError(locations, `asks for what is not supported: ${unsupported.join("; ")}`)
      }
      const at = (field: string) => `${field} of cluster ${JSON.stringify(cluster.name)}`
      const of = (field: string) => `${field} of user ${JSON.stringify(user.name ?? "")}`
      const caCert = yield* Effect.flatMap(
        dataOrFile(cluster, "certificate-authority", locations, at),
        this.#usableCaCert
      )
      const cert = yield* dataOrFile(user, "client-certificate", locations, of)
      const key = yield* dataOrFile(user, "client-key", locations, of)
      if ((cert === undefined) !== (key === undefined)) {
        return yield* kubeconfigError(
          locations,
          `gives user ${
            JSON.stringify(user.name ?? "")
          } a client certificate without its key, or a key without its certificate`
        )
      }
      const written = yield* this.#token(view, locations, occasion)
      const asked = written === undefined ? yield* this.#askedFor(view, caCert, locations, occasion) : {}
      const token = written ?? asked.token
      return {
        baseUrl: cluster.server,
        token: token === undefined ? undefined : yield* usableToken(token),
        caCert,
        serverName: given(cluster["tls-server-name"]),
        clientCertificate: cert === undefined || key === undefined
          ? asked.clientCertificate
          : { cert: cert.text, key: Redacted.make(key.text) }
      }
    })
  }

  /** As kubectl: what was read last from the file goes before a token that stands beside it. */
  #token(
    { user }: View,
    locations: Locations,
    occasion: Occasion
  ): Effect.Effect<Redacted.Redacted | undefined, CredentialsError> {
    const inline = given(user.token?.trim())
    const path = given(user.tokenFile)
    if (path === undefined) {
      return Effect.succeed(inline === undefined ? undefined : Redacted.make(inline))
    }
    return textAt(path, locations, "tokenFile").pipe(
      Effect.flatMap((text) => usableToken(Redacted.make(text.trim()), path)),
      Effect.tap((token) => {
        this.#tokenFile = { key: path, value: token }
      }),
      Effect.catchIf(() => inline !== undefined, () =>
        Effect.succeed(
          this.#tokenFile?.key === path && occasion === "due" ? this.#tokenFile.value : Redacted.make(inline ?? "")
        ))
    )
  }

  /** What a plugin or an identity provider gives. */
  #askedFor(
    view: View,
    caCert: string | undefined,
    locations: Locations,
    occasion: Occasion
  ): Effect.Effect<Pick<Endpoint, "token" | "clientCertificate">, CredentialsError> {
    const { cluster, user } = view
    if (user.exec !== null && user.exec !== undefined) {
      return this.#pluginCredential(user.exec, {
        server: cluster.server,
        tlsServerName: given(cluster["tls-server-name"]),
        caCert,
        config: cluster.extensions?.find(({ name }) => name === "client.authentication.k8s.io/exec")?.extension
      }, occasion)
    }
    const provider = user["auth-provider"]
    return provider === null || provider === undefined
      ? Effect.succeed({})
      : Effect.map(this.#providedToken(provider, locations, occasion), (token) => ({ token }))
  }

  #pluginCredential(
    exec: NonNullable<View["user"]["exec"]>,
    cluster: PluginCluster,
    occasion: Occasion
  ): Effect.Effect<PluginCredential, CredentialsError> {
    const key = pluginKey(exec, cluster)
    return Effect.flatMap(Clock.currentTimeMillis, (now) => {
      const kept = this.#plugin
      if (
        kept !== undefined && kept.key === key && occasion === "due" && now < (kept.value.expiresAtMillis ?? Infinity)
      ) {
        return Effect.succeed(kept.value)
      }
      return Effect.tap(runPlugin(exec, cluster), (value) => {
        this.#plugin = { key, value }
      })
    })
  }

  /** Of the kinds that kubectl once had, the one that it still has; its errors quote what it was answered. */
  #providedToken(
    provider: AuthProvider,
    locations: Locations,
    occasion: Occasion
  ): Effect.Effect<Redacted.Redacted, CredentialsError> {
    return Effect.gen(this, function*() {
      const { KubeConfig } = yield* clientNode
      const key = JSON.stringify(provider)
      if (this.#authProvider?.key !== key || occasion === "refused") {
        const kubeConfig = new KubeConfig()
        kubeConfig.loadFromOptions({
          clusters: [{ name: "cluster", server: "https://127.0.0.1" }],
          users: [{ name: "user", authProvider: { name: provider.name, config: { ...provider.config } } }],
          contexts: [{ name: "context", cluster: "cluster", user: "user" }],
          currentContext: "context"
        })
        this.#authProvider = { key, value: kubeConfig }
      }
      const { value } = this.#authProvider
      const failed = kubeconfigError(
        locations,
        `has an auth-provider ${provider.name} that gives no token: log in again`
      )
      const options: HttpsOptions = { headers: {} }
      yield* Effect.tryPromise({ try: () => value.applyToHTTPSOptions(options), catch: () => failed })
      const { Authorization: authorization } = options.headers
      return typeof authorization === "string" && authorization.startsWith("Bearer ")
        ? Redacted.make(authorization.slice("Bearer ".length))
        : yield* failed
    })
  }
}

/** An empty list or mapping says nothing either. */
const isGiven = (value: unknown): boolean =>
  given(value) !== undefined && !(typeof value === "object" && Object.keys(value ?? {}).length === 0)

const unsupportedIn = ({ cluster, user }: View): ReadonlyArray<string> => {
  return [
    ...baseUrlFaults("server", cluster.server).map(({ expected }) => `server is not ${expected}`),
    ...(cluster["insecure-skip-tls-verify"] === true
      ? ["insecure-skip-tls-verify: give the cluster's CA instead"]
      : []),
    ...(isGiven(cluster["proxy-url"]) ? ["proxy-url: a connection is made directly"] : []),
    ...(isGiven(user.username) || isGiven(user.password) ? ["username and password"] : []),
    ...(["as", "as-uid", "as-groups", "as-user-extra"] as const).filter((field) => isGiven(user[field]))
      .map((field) => `${field} (impersonation)`),
    ...(isGiven(user["auth-provider"]) && user["auth-provider"]?.name !== "oidc"
      ? [`auth-provider ${user["auth-provider"]?.name}: use its exec plugin`]
      : [])
  ]
}

/** As kubectl: data in the file goes before a file that stands beside it. */
const dataOrFile = <Name extends string>(
  entry: { readonly [K in Name | `${Name}-data`]?: string | null | undefined },
  name: Name,
  locations: Locations,
  called: (field: string) => string
): Effect.Effect<NamedText | undefined, CredentialsError> => {
  const data = given<string>(entry[`${name}-data`])
  if (data !== undefined) {
    const text = Buffer.from(data, "base64").toString("utf8")
    return text.includes("-----BEGIN ")
      ? Effect.succeed({ text, source: called(`${name}-data`) })
      : Effect.fail(kubeconfigError(locations, `holds no PEM in base64 as ${called(`${name}-data`)}`))
  }
  const path = given<string>(entry[name])
  return path === undefined
    ? Effect.succeed(undefined)
    : Effect.map(textAt(path, locations, name), (text) => ({ text, source: path }))
}

const textAt = (path: string, locations: Locations, field: string): Effect.Effect<string, CredentialsError> =>
  Effect.tryPromise({
    try: (signal) => NodeFs.readFile(path, { encoding: "utf8", signal }),
    catch: (error) =>
      kubeconfigError(
        locations,
        `names a ${field} that cannot be read: ${error instanceof Error ? error.message : String(error)}`
      )
  })
