import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import type * as Scope from "effect/Scope"
import type { IncomingMessage, ServerResponse } from "node:http"
import * as https from "node:https"
import type { AddressInfo, Socket } from "node:net"
import type { Duplex } from "node:stream"
import type { HttpRequest } from "./exchange.js"
import type { NoAnswer, Reply } from "./reply.js"
import { certificate, privateKey } from "./testCertificate.js"
import { readBody, writeReply } from "./wire.js"

export interface Listener {
  readonly port: number
  /** Resets every connection, idle or not. */
  readonly resetConnections: Effect.Effect<void>
  readonly openConnections: Effect.Effect<number>
}

const host = "127.0.0.1"

// As long as a kube-apiserver keeps idle connections; Node's own 5 s would close them under a client's next request.
const keepAliveMillis = 180_000

/** An HTTPS server on a free port of loopback. */
export const listen = (
  answer: (request: HttpRequest) => Effect.Effect<Reply, NoAnswer, Scope.Scope>
): Effect.Effect<Listener, never, Scope.Scope> =>
  Effect.gen(function*() {
    const server = https.createServer({ cert: certificate, key: privateKey, keepAliveTimeout: keepAliveMillis })
    const connections = trackConnections(server)
    const exchanges = trackExchanges(server)
    yield* Effect.acquireRelease(
      Effect.async<void>((resume) => {
        server.listen(0, host, () => resume(Effect.void))
      }),
      () =>
        Effect.async<void>((resume) => {
          server.close(() => resume(Effect.void))
          // Node's `closeAllConnections` forgets those in their TLS handshake.
          connections.forEach((socket) => socket.destroy())
        })
    )
    const run = yield* FiberSet.makeRuntime<Scope.Scope>()
    server.on("request", (request: IncomingMessage, response: ServerResponse) => {
      exchanges.begin(request.socket, response)
      const fiber = run(respond(connections, answer, request, response))
      response.on("close", () => fiber.unsafeInterruptAsFork(fiber.id()))
    })
    return {
      port: portOf(server.address()),
      resetConnections: Effect.sync(() => connections.forEach((socket) => socket.resetAndDestroy())),
      openConnections: Effect.sync(() => connections.size)
    }
  })

/** The sockets under TLS, by the client's port: only these can be reset. */
type Connections = Map<number | undefined, Socket>

const trackConnections = (server: https.Server): Connections => {
  const connections: Connections = new Map()
  server.on("connection", (socket: Socket) => {
    const { remotePort } = socket
    connections.set(remotePort, socket)
    socket.on("close", () => connections.delete(remotePort))
  })
  return connections
}

/**
 * A DELETE whose body has no `Content-Length` is, to HTTP, a DELETE without a body and then bytes that are no request.
 * The answer to the DELETE goes out all the same, as from a real server; then the connection is closed.
 */
const trackExchanges = (server: https.Server) => {
  const answering = new WeakSet<Duplex>()
  const broken = new WeakSet<Duplex>()
  server.on("clientError", (_error, socket) => {
    if (answering.has(socket)) {
      broken.add(socket)
    } else {
      socket.end("HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n")
    }
  })
  return {
    begin: (socket: Duplex, response: ServerResponse) => {
      answering.add(socket)
      response.on("close", () => {
        answering.delete(socket)
        if (broken.has(socket)) {
          socket.end()
        }
      })
    }
  }
}

const respond = (
  connections: Connections,
  answer: (request: HttpRequest) => Effect.Effect<Reply, NoAnswer, Scope.Scope>,
  request: IncomingMessage,
  response: ServerResponse
): Effect.Effect<void, never, Scope.Scope> =>
  readBody(request).pipe(
    Effect.flatMap((body) => answer(toHttpRequest(request, body))),
    Effect.flatMap((reply) => writeReply(response, reply)),
    Effect.catchTag("NoAnswer", ({ as }) =>
      as === "silence"
        ? Effect.never
        : Effect.sync(() => void connections.get(request.socket.remotePort)?.resetAndDestroy()))
  )

const toHttpRequest = ({ headers, method, url }: IncomingMessage, body: string): HttpRequest => ({
  method: method ?? "GET",
  url: new URL(url ?? "/", "https://localhost"),
  headers: {
    accept: headers.accept,
    authorization: headers.authorization,
    contentType: headers["content-type"],
    userAgent: headers["user-agent"]
  },
  body
})

const portOf = (address: AddressInfo | string | null): number =>
  typeof address === "object" && address !== null ? address.port : 0
