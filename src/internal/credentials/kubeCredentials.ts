import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import type { CredentialsError } from "../../KubeError.js"

/**
 * Everything that a request needs beside what it asks for.
 *
 * @since 0.1.0
 * @category models
 */
export interface Endpoint {
  /** `https://host:port`, with a path where a proxy asks for one. Plain `http` only to loopback. */
  readonly baseUrl: string
  /** Absent where a client certificate says who asks. */
  readonly token?: Redacted.Redacted | undefined
  /** PEM; default: the CAs that the runtime trusts. */
  readonly caCert?: string | undefined
  /** PEM. */
  readonly clientCertificate?: { readonly cert: string; readonly key: Redacted.Redacted } | undefined
  /** The name that the server's certificate is for; default: the host of `baseUrl`. */
  readonly serverName?: string | undefined
}

/**
 * As `kubectl` takes them.
 *
 * @since 0.1.0
 * @category models
 */
export interface KubeconfigOptions {
  /** Default: the files of `$KUBECONFIG`, else `~/.kube/config`. */
  readonly path?: string | undefined
  /** Default: the file's current context. */
  readonly context?: string | undefined
}

/**
 * @since 0.1.0
 * @category services
 */
export class KubeCredentials extends Context.Tag("kubernetes-lease/KubeCredentials")<KubeCredentials, {
  /** The last ones: read again when a minute old, beside the requests; the first of them is waited for. */
  readonly get: Effect.Effect<Endpoint, CredentialsError>
  /** Read anew, for the API server has refused the last ones, or they have refused it. */
  readonly refresh: Effect.Effect<Endpoint, CredentialsError>
}>() {}
