import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import * as UrlParams from "@effect/platform/UrlParams"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Http from "node:http"
import * as Https from "node:https"
import type { Endpoint } from "../credentials/kubeCredentials.js"
import { ConnectionPool } from "./connectionPool.js"
import { exchange } from "./httpsExchange.js"

/** By whom a connection trusts which server. */
export type TlsIdentity = Pick<Endpoint, "caCert" | "clientCertificate" | "serverName">

/** Own pools of kept-alive connections, one for each way of trusting, that no other traffic shares (C4). */
export interface HttpsTransport {
  readonly clientFor: (identity: TlsIdentity) => HttpClient.HttpClient
  /** Closes the connections that no request uses. */
  readonly closeIdle: () => void
}

export const HttpsTransport: Context.Tag<HttpsTransport, HttpsTransport> = Context.GenericTag<HttpsTransport>(
  "kubernetes-lease/internal/HttpsTransport"
)

export const layer: Layer.Layer<HttpsTransport> = Layer.scoped(
  HttpsTransport,
  Effect.gen(function*() {
    const plain = new ConnectionPool((options) => new Http.Agent(options))
    const pools = new Set([plain])
    let latest: Secure | undefined

    yield* Effect.addFinalizer(() => Effect.sync(() => pools.forEach((pool) => pool.destroy())))

    return {
      clientFor: (identity) => {
        if (latest === undefined || !isSame(latest.identity, identity)) {
          const tls = tlsOptions(identity)
          const pool = new ConnectionPool(
            (options) => new Https.Agent({ ...options, ...tls }),
            (over) => pools.delete(over)
          )
          pools.add(pool)
          latest?.pool.retire()
          latest = { identity, pool, client: clientOver(plain, pool) }
        }
        return latest.client
      },
      closeIdle: () => pools.forEach((pool) => pool.closeIdle())
    }
  })
)

interface Secure {
  readonly identity: TlsIdentity
  readonly pool: ConnectionPool
  readonly client: HttpClient.HttpClient
}

const isSame = (a: TlsIdentity, b: TlsIdentity): boolean =>
  a.caCert === b.caCert && a.serverName === b.serverName && a.clientCertificate?.cert === b.clientCertificate?.cert

const tlsOptions = ({ caCert, clientCertificate, serverName }: TlsIdentity): Https.AgentOptions => ({
  // An intermediate CA that its user trusts is trusted without the root above it, as by curl and kubectl.
  ...(caCert === undefined ? {} : { ca: caCert, allowPartialTrustChain: true }),
  ...(serverName === undefined ? {} : { servername: serverName }),
  ...(clientCertificate === undefined
    ? {}
    : { cert: clientCertificate.cert, key: Redacted.value(clientCertificate.key) })
})

/**
 * The platform's own way of making a client hangs an `AbortController`, a finalizer and a tracer on each request;
 * `HttpsResponse` ends its connection by itself, and the spans of `KubeApi` say all that may be said (C5).
 */
const clientOver = (plain: ConnectionPool, secure: ConnectionPool): HttpClient.HttpClient =>
  HttpClient.makeWith<never, never, HttpClientError.RequestError, never>(
    Effect.flatMap((request) =>
      Either.match(UrlParams.makeUrl(request.url, request.urlParams, request.hash), {
        onLeft: (cause) => Effect.fail(new HttpClientError.RequestError({ request, reason: "InvalidUrl", cause })),
        onRight: (url) => exchange(url.protocol === "http:" ? plain : secure, request, url)
      })
    ),
    Effect.succeed
  )
