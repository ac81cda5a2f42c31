import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as UrlParams from "@effect/platform/UrlParams"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Http from "node:http"
import * as Https from "node:https"
import type { Endpoint } from "../KubeCredentials.js"
import { HttpsResponse } from "./httpsResponse.js"

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

const agentOptions: Http.AgentOptions = {
  keepAlive: true,
  // TCP probes notice a peer that is gone while a watch is silent.
  keepAliveMsecs: 15_000,
  scheduling: "lifo"
}

/** Many leases at once queue for these; a handshake each would take longer than their turn. */
const mostRequestSockets = 16

export const layer: Layer.Layer<HttpsTransport> = Layer.scoped(
  HttpsTransport,
  Effect.gen(function*() {
    const plain = agentsOf((options) => new Http.Agent(options))
    const agents = new Set<Http.Agent>(Object.values(plain))
    let latest: Secure | undefined

    yield* Effect.addFinalizer(() => Effect.sync(() => agents.forEach((agent) => agent.destroy())))

    return {
      clientFor: (identity) => {
        if (latest === undefined || !isSame(latest.identity, identity)) {
          if (latest !== undefined) {
            for (const agent of Object.values(latest.agents)) {
              agent.maxFreeSockets = 0
              closeFree(agent)
            }
          }
          const tls = tlsOptions(identity)
          const secure = agentsOf((options) => new Https.Agent({ ...options, ...tls }))
          Object.values(secure).forEach((agent) => agents.add(agent))
          latest = { identity, agents: secure, client: clientOver(plain, secure) }
        }
        return latest.client
      },
      closeIdle: () => agents.forEach(closeFree)
    }
  })
)

/** A watch keeps its socket for minutes, so watches never take those of requests. */
type Agents = {
  readonly requests: Http.Agent
  readonly watches: Http.Agent
}

const agentsOf = (make: (options: Http.AgentOptions) => Http.Agent): Agents => ({
  requests: make({ ...agentOptions, maxSockets: mostRequestSockets }),
  watches: make(agentOptions)
})

interface Secure {
  readonly identity: TlsIdentity
  readonly agents: Agents
  readonly client: HttpClient.HttpClient
}

const isSame = (a: TlsIdentity, b: TlsIdentity): boolean =>
  a.caCert === b.caCert && a.serverName === b.serverName && a.clientCertificate?.cert === b.clientCertificate?.cert

const tlsOptions = ({ caCert, clientCertificate, serverName }: TlsIdentity): Https.AgentOptions => ({
  ...(caCert === undefined ? {} : { ca: caCert }),
  ...(serverName === undefined ? {} : { servername: serverName }),
  ...(clientCertificate === undefined
    ? {}
    : { cert: clientCertificate.cert, key: Redacted.value(clientCertificate.key) })
})

const closeFree = (agent: Http.Agent): void => {
  for (const sockets of Object.values(agent.freeSockets)) {
    sockets?.forEach((socket) => socket.destroy())
  }
}

/**
 * The platform's own way of making a client hangs an `AbortController`, a finalizer and a tracer on each request;
 * `HttpsResponse` ends its connection by itself, and the spans of `KubeApi` say all that may be said (C5).
 */
const clientOver = (plain: Agents, secure: Agents): HttpClient.HttpClient =>
  HttpClient.makeWith<never, never, HttpClientError.RequestError, never>(
    Effect.flatMap((request) =>
      Either.match(UrlParams.makeUrl(request.url, request.urlParams, request.hash), {
        onLeft: (cause) => Effect.fail(new HttpClientError.RequestError({ request, reason: "InvalidUrl", cause })),
        onRight: (url) => send(plain, secure, request, url)
      })
    ),
    Effect.succeed
  )

const send = (plain: Agents, secure: Agents, request: HttpClientRequest.HttpClientRequest, url: URL) =>
  Effect.async<HttpClientResponse.HttpClientResponse, HttpClientError.RequestError>((resume) => {
    const body = bodyOf(request)
    if (body === undefined) {
      return resume(Effect.fail(
        new HttpClientError.RequestError({
          request,
          reason: "Encode",
          description: `a body of kind ${request.body._tag} cannot be sent`
        })
      ))
    }
    const fail = (cause: unknown): void =>
      resume(Effect.fail(new HttpClientError.RequestError({ request, reason: "Transport", cause })))
    const options: Https.RequestOptions = {
      method: request.method,
      // Node sets no length for a DELETE by itself, and servers then ignore its body: the preconditions.
      headers: { ...request.headers, ...(body.length > 0 ? { "content-length": body.length } : {}) }
    }
    const use = url.searchParams.has("watch") ? "watches" : "requests"
    try {
      const sent = url.protocol === "http:"
        ? Http.request(url, { ...options, agent: plain[use] })
        : Https.request(url, { ...options, agent: secure[use] })
      sent.on("response", (response) => resume(Effect.succeed(new HttpsResponse(request, response))))
      sent.on("error", fail)
      sent.end(body)
      return Effect.sync(() => {
        sent.destroy()
      })
    } catch (cause) {
      fail(cause)
    }
  })

const bodyOf = ({ body }: HttpClientRequest.HttpClientRequest): Uint8Array | undefined => {
  switch (body._tag) {
    case "Empty":
      return new Uint8Array()
    case "Uint8Array":
      return body.body
    default:
      return undefined
  }
}
