import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type { Endpoint, KubeconfigOptions, KubeCredentials } from "../KubeCredentials.js"
import { CredentialsError } from "../KubeError.js"
import { baseUrlFaults } from "./baseUrl.js"
import { maxAgeMillis, usableToken } from "./credentials.js"
import * as Rereading from "./rereading.js"

/** The part of `KubeConfig` of @kubernetes/client-node that is used here. */
export interface KubeConfig {
  loadFromFile(path: string): void
  loadFromDefault(): void
  setCurrentContext(name: string): void
  getCurrentContext(): string
  getContextObject(name: string): unknown
  getCurrentCluster(): Cluster | null
  exportConfig(): string
  applyToHTTPSOptions(options: HttpsOptions): Promise<void>
}

interface Cluster {
  readonly name: string
  readonly server: string
  readonly skipTLSVerify?: boolean
  readonly proxyUrl?: string
  readonly tlsServerName?: string
}

/** What it tells of the present user. */
interface HttpsOptions {
  headers: { readonly [name: string]: unknown }
  readonly ca?: Buffer | string
  readonly cert?: Buffer | string
  readonly key?: Buffer | string
  readonly servername?: string
  readonly auth?: string
}

/**
 * Read at first use, and again when a minute old; on 401 the file is loaded anew and plugins run again (C2). Until then
 * what a plugin has given is used as long as the plugin says.
 */
export const kubeconfigCredentials = (options: KubeconfigOptions): KubeCredentials["Type"] => {
  let loaded: KubeConfig | undefined
  const load = Effect.suspend(() =>
    loaded === undefined ?
      Effect.tap(loadKubeConfig(options), (kubeConfig) => {
        loaded = kubeConfig
      }) :
      Effect.succeed(loaded)
  )
  const { get, refresh } = Rereading.make(
    Effect.flatMap(load, (kubeConfig) => endpointOf(kubeConfig, options)),
    maxAgeMillis
  )
  return {
    get,
    refresh: Effect.suspend(() => {
      loaded = undefined
      return refresh
    })
  }
}

export const loadKubeConfig = (options: KubeconfigOptions): Effect.Effect<KubeConfig, CredentialsError> =>
  Effect.gen(function*() {
    const { KubeConfig } = yield* Effect.tryPromise({
      // Whoever uses no kubeconfig need not have it.
      try: () => import("@kubernetes/client-node"),
      catch: () =>
        new CredentialsError({
          message: "A kubeconfig is read by the package @kubernetes/client-node: install it beside this one."
        })
    })
    const kubeConfig: KubeConfig = new (class extends KubeConfig {
      override loadFromString(text: string): void {
        super.loadFromString(withReadableTokenFiles(text))
      }
    })()
    yield* Effect.try({
      try: () => options.path === undefined ? kubeConfig.loadFromDefault() : kubeConfig.loadFromFile(options.path),
      catch: (error) => failed(options, `cannot be read: ${reasonOf(error)}`)
    })
    const context = options.context ?? kubeConfig.getCurrentContext()
    if (kubeConfig.getContextObject(context) === null) {
      return yield* failed(options, `has no context ${JSON.stringify(context)}`)
    }
    kubeConfig.setCurrentContext(context)
    return kubeConfig
  })

const endpointOf = (
  kubeConfig: KubeConfig,
  options: KubeconfigOptions
): Effect.Effect<Endpoint, CredentialsError> =>
  Effect.gen(function*() {
    const cluster = kubeConfig.getCurrentCluster()
    if (cluster === null) {
      return yield* failed(options, `has no cluster for context ${JSON.stringify(kubeConfig.getCurrentContext())}`)
    }
    const https: HttpsOptions = { headers: {} }
    yield* Effect.tryPromise({
      try: () => kubeConfig.applyToHTTPSOptions(https),
      catch: (error) => failed(options, `gives no credentials: ${reasonOf(error)}`)
    })
    const unsupported = [
      ...baseUrlFaults("server", cluster.server).map(({ expected }) => `server is not ${expected}`),
      ...(cluster.skipTLSVerify === true ? ["insecure-skip-tls-verify: give the cluster's CA instead"] : []),
      ...(cluster.proxyUrl === undefined ? [] : ["proxy-url"]),
      ...(https.auth === undefined ? [] : ["username and password"]),
      ...("Impersonate-User" in https.headers ? ["as (impersonation)"] : [])
    ]
    if (unsupported.length > 0) {
      return yield* failed(options, `asks for what is not supported: ${unsupported.join("; ")}`)
    }
    const { Authorization: authorization } = https.headers
    const token = typeof authorization === "string" && authorization.startsWith("Bearer ")
      ? yield* usableToken(Redacted.make(authorization.slice("Bearer ".length)), options.path)
      : undefined
    return {
      baseUrl: cluster.server,
      token,
      caCert: https.ca?.toString(),
      serverName: https.servername,
      clientCertificate: https.cert === undefined || https.key === undefined
        ? undefined
        : { cert: https.cert.toString(), key: Redacted.make(https.key.toString()) }
    }
  })

/** @kubernetes/client-node 1 knows the field by another name than `kubectl`. */
const withReadableTokenFiles = (text: string): string =>
  text.replace(/(^|[\s{,"'])tokenFile(["']?\s*:)/g, "$1token-file$2")

const failed = (options: KubeconfigOptions, what: string): CredentialsError =>
  new CredentialsError({
    path: options.path,
    message: `The kubeconfig ${options.path ?? "of $KUBECONFIG or ~/.kube/config"} ${what}`
  })

/** A parser's message quotes the file, and with it perhaps a token (C5). */
const reasonOf = (error: unknown): string =>
  typeof error === "object" && error !== null && "reason" in error && typeof error.reason === "string"
    ? error.reason
    : error instanceof Error
    ? error.message
    : String(error)
