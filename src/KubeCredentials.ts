/**
 * Where the API server is, and with which CA and token to talk to it.
 *
 * @since 0.1.0
 */
import * as Config from "effect/Config"
import type { ConfigError } from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { baseUrlFaults } from "./internal/credentials/baseUrl.js"
import { caCertFaults } from "./internal/credentials/certificates.js"
import { kubeconfigCredentials } from "./internal/credentials/kubeconfig.js"
import type { KubeconfigOptions } from "./internal/credentials/kubeCredentials.js"
import { KubeCredentials } from "./internal/credentials/kubeCredentials.js"
import type { Sources } from "./internal/credentials/pod.js"
import {
  credentials,
  inClusterSources,
  textFromFile,
  tokenFaults,
  tokenFromFile,
  usableToken
} from "./internal/credentials/pod.js"
import type { Fault, InvalidSettings } from "./InvalidSettings.js"
import { fromFaults } from "./InvalidSettings.js"
import type { CredentialsError } from "./KubeError.js"

export type { Endpoint, KubeconfigOptions } from "./internal/credentials/kubeCredentials.js"
export { KubeCredentials }

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** `https://host:port`, with a path where a proxy asks for one. Plain `http` only to loopback. */
  readonly baseUrl: string
  /** PEM; default: the CAs that the runtime trusts. */
  readonly caCert?: string | undefined
  /** An effect is run again when its answer is a minute old, and at once when the server refuses it. */
  readonly token: Redacted.Redacted | Effect.Effect<Redacted.Redacted, CredentialsError>
}

/**
 * @since 0.1.0
 * @category models
 */
export interface ConfigOptions extends Options {
  readonly token: Redacted.Redacted
}

/**
 * Files as the kubelet mounts and rotates them.
 *
 * @since 0.1.0
 * @category models
 */
export interface FileOptions {
  /** Default: the pod's API server. */
  readonly baseUrl?: string | undefined
  readonly tokenPath: string
  /** PEM; default: the CAs that the runtime trusts. */
  readonly caCertPath?: string | undefined
}

/**
 * The ServiceAccount that the kubelet mounts into a pod, read at first use.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerInCluster: Layer.Layer<KubeCredentials> = Layer.scoped(
  KubeCredentials,
  Effect.suspend(() => credentials(inClusterSources(process.env)))
)

/**
 * Token and CA from files of your choice, read at first use, again when a minute old, and at once when the server refuses
 * the token or its certificate does not verify. A file that cannot be read again costs nothing until then.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerFiles = (options: FileOptions): Layer.Layer<KubeCredentials, InvalidSettings> =>
  Layer.scoped(
    KubeCredentials,
    checked({
      baseUrl: options.baseUrl ?? inClusterSources(process.env).baseUrl,
      token: tokenFromFile(options.tokenPath),
      caCert: options.caCertPath === undefined ? Effect.succeed(undefined) : textFromFile(options.caCertPath)
    }, [])
  )

/**
 * An API server of your choice, with a token of its own.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options): Layer.Layer<KubeCredentials, InvalidSettings> =>
  Layer.scoped(KubeCredentials, fromOptions(options))

/**
 * Server, CA, token, client certificate or exec plugin of a kubeconfig, read at first use by the package
 * `@kubernetes/client-node`, which you install beside this one. For `KubeApi.layer`; of a client certificate
 * `layerHttpClient` knows nothing.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerKubeconfig = (options: KubeconfigOptions = {}): Layer.Layer<KubeCredentials> =>
  Layer.scoped(KubeCredentials, kubeconfigCredentials(options))

/**
 * As `layer`, read from a `Config`.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (
  options: Config.Config.Wrap<ConfigOptions>
): Layer.Layer<KubeCredentials, InvalidSettings | ConfigError> =>
  Layer.scoped(KubeCredentials, Effect.flatMap(Config.unwrap(options), fromOptions))

const fromOptions = ({ baseUrl, caCert, token }: Options) =>
  checked(
    {
      baseUrl,
      token: Redacted.isRedacted(token) ? Effect.succeed(token) : Effect.flatMap(token, usableToken),
      caCert: Effect.succeed(caCert === undefined ? undefined : { text: caCert, source: "caCert" })
    },
    [...(Redacted.isRedacted(token) ? tokenFaults("token", token) : []), ...caCertFaults("caCert", caCert)]
  )

const checked = (sources: Sources, faults: ReadonlyArray<Fault>) => {
  const all = [...baseUrlFaults("baseUrl", sources.baseUrl), ...faults]
  return all.length === 0 ? credentials(sources) : Effect.fail(fromFaults(all))
}
