import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { IncomingMessage, ServerResponse } from "node:http"
import type { Reply } from "./reply.js"
import { NoAnswer } from "./reply.js"

/** The body of a request, once it is all there. */
export const readBody = (request: IncomingMessage): Effect.Effect<string> =>
  Effect.async((resume) => {
    const chunks: Array<Buffer> = []
    request.on("data", (chunk: Buffer) => chunks.push(chunk))
    request.on("end", () => resume(Effect.succeed(Buffer.concat(chunks).toString("utf8"))))
  })

/** Sends an answer. Completes when the last byte is with the operating system. */
export const writeReply = (response: ServerResponse, reply: Reply): Effect.Effect<void, NoAnswer> => {
  const { body } = reply
  if (typeof body !== "string") {
    return Effect.zipRight(
      writeHead(response, reply, undefined),
      Effect.zipRight(
        Stream.runForEach(body, (line) => writeText(response, line, reply)),
        end(response)
      )
    )
  }
  const bytes = Buffer.from(body)
  const padding = Math.max(0, (reply.padToBytes ?? 0) - bytes.length)
  return writeHead(response, reply, bytes.length + padding).pipe(
    Effect.zipRight(
      reply.resetAfterBytes === undefined
        ? Effect.zipRight(writePaced(response, bytes, reply.pace), writePadding(response, padding))
        : Effect.zipRight(write(response, bytes.subarray(0, reply.resetAfterBytes)), reset)
    ),
    Effect.zipRight(end(response))
  )
}

const reset = Effect.fail(new NoAnswer({ as: "reset" }))

const writeText = (
  response: ServerResponse,
  text: string,
  { pace, resetAfterBytes }: Reply
): Effect.Effect<void, NoAnswer> => {
  const bytes = Buffer.from(text)
  return resetAfterBytes === undefined
    ? writePaced(response, bytes, pace)
    : Effect.zipRight(write(response, bytes.subarray(0, resetAfterBytes)), reset)
}

const writeHead = (
  response: ServerResponse,
  { dateMillis, headers, status }: Reply,
  contentLength: number | undefined
): Effect.Effect<void> =>
  Effect.sync(() => {
    response.sendDate = false
    response.writeHead(status, {
      ...(dateMillis === undefined ? {} : { date: new Date(dateMillis).toUTCString() }),
      ...headers,
      ...(contentLength === undefined ? {} : { "content-length": contentLength })
    })
    response.flushHeaders()
  })

const write = (response: ServerResponse, bytes: Uint8Array): Effect.Effect<void> =>
  Effect.async((resume) => {
    // A write to a connection that the client has closed fails here; its `close` ends the whole request.
    response.write(bytes, () => resume(Effect.void))
  })

const writePaced = (
  response: ServerResponse,
  bytes: Uint8Array,
  pace: { readonly chunkBytes: number; readonly every: Duration.Duration } | undefined
): Effect.Effect<void> => {
  if (pace === undefined || bytes.length === 0) {
    return bytes.length === 0 ? Effect.void : write(response, bytes)
  }
  return write(response, bytes.subarray(0, pace.chunkBytes)).pipe(
    Effect.zipRight(Effect.sleep(pace.every)),
    Effect.zipRight(Effect.suspend(() => writePaced(response, bytes.subarray(pace.chunkBytes), pace)))
  )
}

const paddingBytes = 64 * 1024

const writePadding = (response: ServerResponse, length: number): Effect.Effect<void> =>
  length === 0
    ? Effect.void
    : Effect.zipRight(
      write(response, Buffer.alloc(Math.min(length, paddingBytes), " ")),
      Effect.suspend(() => writePadding(response, Math.max(0, length - paddingBytes)))
    )

const end = (response: ServerResponse): Effect.Effect<void> =>
  Effect.async((resume) => {
    if (response.destroyed) {
      resume(Effect.void)
    } else {
      response.end(() => resume(Effect.void))
    }
  })
