import * as HttpClientError from "@effect/platform/HttpClientError"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Effect from "effect/Effect"
import * as FiberRef from "effect/FiberRef"
import { constVoid } from "effect/Function"
import * as Http from "node:http"
import * as Https from "node:https"
import type { ConnectionPool, Place, Use } from "./connectionPool.js"
import { HttpsResponse } from "./httpsResponse.js"
import { isOnNewConnection } from "./newConnection.js"

/**
 * One request over a connection of the pool, up to the head of its answer.
 *
 * A server closes a kept connection just when it is used again: if it breaks before its answer begins, the request is
 * repeated once, at once, on a new one. Each of ours may be repeated: a write names the version that it is meant for, or
 * creates what can exist but once.
 *
 * A request that is given up before its answer is complete counts as one that timed out, for nothing tells the two apart.
 * If its caller had other reasons, that costs the next request a handshake.
 */
export const exchange = (
  pool: ConnectionPool,
  request: HttpClientRequest.HttpClientRequest,
  url: URL
): Effect.Effect<HttpClientResponse.HttpClientResponse, HttpClientError.RequestError> =>
  Effect.flatMap(FiberRef.get(isOnNewConnection), (isNew) => {
    if (isNew) {
      pool.renew()
    }
    return send(pool, request, url)
  })

const send = (
  pool: ConnectionPool,
  request: HttpClientRequest.HttpClientRequest,
  url: URL
): Effect.Effect<HttpClientResponse.HttpClientResponse, HttpClientError.RequestError> =>
  Effect.async((resume) => {
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
    const use: Use = url.searchParams.has("watch") ? "watches" : "requests"
    const options: Https.RequestOptions = {
      method: request.method,
      // Node sets no length for a DELETE by itself, and servers then ignore its body: the preconditions.
      headers: { ...request.headers, ...(body.length > 0 ? { "content-length": body.length } : {}) }
    }
    let leaveQueue: () => void = constVoid
    let giveUp: () => void = constVoid

    const enter = (mayRepeat: boolean): void => {
      leaveQueue = pool.enter(use, (place) => {
        try {
          begin(place, mayRepeat)
        } catch (cause) {
          place.leave()
          fail(cause)
        }
      })
    }

    const begin = (place: Place, mayRepeat: boolean): void => {
      const { request: open } = url.protocol === "http:" ? Http : Https
      const sent = open(url, { ...options, agent: place.agent })
      let isKept = false
      let isOver = false
      sent.on("socket", (socket) => {
        isKept = place.isKept(socket)
      })
      sent.on("response", (message) => {
        isOver = true
        place.answered()
        const response = new HttpsResponse(request, message, { onLeft: place.givenUp, onBroken: place.broken })
        message.once("close", () => place.leave())
        giveUp = () => response.leave()
        resume(Effect.succeed(response))
      })
      sent.on("error", (cause) => {
        if (isOver) {
          return
        }
        isOver = true
        place.leave()
        place.broken()
        if (mayRepeat && (isKept || sent.reusedSocket) && isReset(cause) && !pool.isDestroyed) {
          enter(false)
        } else {
          fail(cause)
        }
      })
      sent.once("close", () => place.leave())
      giveUp = () => {
        isOver = true
        sent.destroy()
        place.givenUp()
        place.leave()
      }
      sent.end(body)
    }

    const fail = (cause: unknown): void =>
      resume(Effect.fail(new HttpClientError.RequestError({ request, reason: "Transport", cause })))

    enter(true)
    return Effect.sync(() => {
      leaveQueue()
      giveUp()
    })
  })

const isReset = (cause: Error): boolean => "code" in cause && (cause.code === "ECONNRESET" || cause.code === "EPIPE")

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
