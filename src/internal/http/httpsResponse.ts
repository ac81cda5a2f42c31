import * as Cookies from "@effect/platform/Cookies"
import * as Headers from "@effect/platform/Headers"
import * as HttpClientError from "@effect/platform/HttpClientError"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as HttpIncomingMessage from "@effect/platform/HttpIncomingMessage"
import * as UrlParams from "@effect/platform/UrlParams"
import * as Effect from "effect/Effect"
import * as Inspectable from "effect/Inspectable"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { IncomingMessage } from "node:http"

/** What becomes of the connection of a response whose body was not read to its end. */
export interface Cut {
  /** By the reader, who wanted no more or could not wait. */
  readonly onLeft: () => void
  /** By whatever is on the way, or the server. */
  readonly onBroken: () => void
}

/** A response of `node:http` or `node:https` as an `HttpClientResponse`, without a web `Response` in between. */
export class HttpsResponse extends Inspectable.Class implements HttpClientResponse.HttpClientResponse {
  readonly [HttpClientResponse.TypeId]: HttpClientResponse.TypeId = HttpClientResponse.TypeId
  readonly [HttpIncomingMessage.TypeId]: HttpIncomingMessage.TypeId = HttpIncomingMessage.TypeId
  readonly request: HttpClientRequest.HttpClientRequest
  readonly headers: Headers.Headers
  readonly #source: IncomingMessage
  readonly #cut: Cut
  #isLeft = false

  constructor(request: HttpClientRequest.HttpClientRequest, source: IncomingMessage, cut: Cut) {
    super()
    this.request = request
    this.headers = Headers.fromInput(source.headers)
    this.#source = source
    this.#cut = cut
    // Without a listener, a connection that breaks between head and body would be an uncaught error.
    source.on("error", () => undefined)
    source.once("close", () => {
      if (!source.complete && !this.#isLeft) {
        cut.onBroken()
      }
    })
  }

  get status(): number {
    return this.#source.statusCode ?? 0
  }

  get cookies(): Cookies.Cookies {
    return Cookies.fromSetCookie(this.#source.headers["set-cookie"] ?? [])
  }

  get remoteAddress(): Option.Option<string> {
    return Option.fromNullable(this.#source.socket.remoteAddress)
  }

  get text(): Effect.Effect<string, HttpClientError.ResponseError> {
    return Effect.map(this.#bytes, (bytes) => bytes.toString("utf8"))
  }

  get json(): Effect.Effect<unknown, HttpClientError.ResponseError> {
    return Effect.flatMap(this.text, (text) =>
      Effect.try({
        try: (): unknown => text === "" ? null : JSON.parse(text),
        catch: (cause) => this.#failure(cause)
      }))
  }

  get arrayBuffer(): Effect.Effect<ArrayBuffer, HttpClientError.ResponseError> {
    return Effect.map(this.#bytes, (bytes) => new Uint8Array(bytes).buffer)
  }

  get urlParamsBody(): Effect.Effect<UrlParams.UrlParams, HttpClientError.ResponseError> {
    return Effect.map(this.text, (text) => UrlParams.fromInput(new URLSearchParams(text)))
  }

  get formData(): Effect.Effect<FormData, HttpClientError.ResponseError> {
    return Effect.flatMap(this.arrayBuffer, (body) =>
      Effect.tryPromise({
        try: () => new Response(body, { headers: { "content-type": this.headers["content-type"] ?? "" } }).formData(),
        catch: (cause) => this.#failure(cause)
      }))
  }

  /** Pulls, so that a reader that does not ask holds the sender back; ends the connection when it is left early. */
  get stream(): Stream.Stream<Uint8Array, HttpClientError.ResponseError> {
    return Stream.repeatEffectOption(this.#nextChunk).pipe(Stream.ensuring(Effect.sync(() => this.leave())))
  }

  /** Ends the connection, unless the body has been read. */
  leave(): void {
    if (!this.#source.readableEnded && !this.#isLeft) {
      this.#isLeft = true
      this.#cut.onLeft()
      this.#source.destroy()
    }
  }

  toJSON(): unknown {
    return HttpIncomingMessage.inspect(this, {
      _id: "@effect/platform/HttpClientResponse",
      request: this.request.toJSON(),
      status: this.status
    })
  }

  get #bytes(): Effect.Effect<Buffer, HttpClientError.ResponseError> {
    return Effect.async((resume) => {
      const source = this.#source
      const chunks: Array<Buffer> = []
      const onData = (chunk: Buffer): void => {
        chunks.push(chunk)
      }
      const settle = (effect: Effect.Effect<Buffer, HttpClientError.ResponseError>): void => {
        source.off("data", onData).off("end", onEnd).off("close", onClose)
        resume(effect)
      }
      const onEnd = (): void => settle(Effect.succeed(Buffer.concat(chunks)))
      const onClose = (): void => settle(Effect.fail(this.#brokenOff()))
      if (source.destroyed) {
        return onClose()
      }
      source.on("data", onData).on("end", onEnd).on("close", onClose)
      return Effect.sync(() => this.leave())
    })
  }

  get #nextChunk(): Effect.Effect<Uint8Array, Option.Option<HttpClientError.ResponseError>> {
    return Effect.async((resume) => {
      const source = this.#source
      const settle = (effect: Effect.Effect<Uint8Array, Option.Option<HttpClientError.ResponseError>>): void => {
        source.off("readable", read).off("end", read).off("close", read)
        resume(effect)
      }
      const read = (): void => {
        const chunk: Buffer | null = source.read()
        if (chunk !== null) {
          settle(Effect.succeed(chunk))
        } else if (source.readableEnded) {
          settle(Effect.fail(Option.none()))
        } else if (source.destroyed) {
          settle(Effect.fail(Option.some(this.#brokenOff())))
        }
      }
      source.on("readable", read).on("end", read).on("close", read)
      read()
      return Effect.sync(() => {
        source.off("readable", read).off("end", read).off("close", read)
      })
    })
  }

  #brokenOff(): HttpClientError.ResponseError {
    return this.#failure(this.#source.errored ?? undefined, "the connection broke before the body was complete")
  }

  #failure(cause: unknown, description?: string): HttpClientError.ResponseError {
    return new HttpClientError.ResponseError({
      request: this.request,
      response: this,
      reason: "Decode",
      cause,
      ...(description === undefined ? {} : { description })
    })
  }
}
