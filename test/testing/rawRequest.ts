import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { IncomingHttpHeaders, IncomingMessage } from "node:http"
import * as https from "node:https"

export interface RawRequest {
  readonly baseUrl: string
  readonly caCert?: string | undefined
  readonly token?: string | undefined
  readonly method?: string | undefined
  readonly path: string
  readonly headers?: Readonly<Record<string, string>> | undefined
  readonly body?: object | string | undefined
  /** Leaves it to Node whether the body is framed; for a DELETE, it is not. */
  readonly withoutContentLength?: boolean | undefined
  readonly agent?: https.Agent | undefined
}

export interface RawAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
  readonly json: unknown
}

export class RawError extends Data.TaggedError("RawError")<{ readonly code: string }> {}

export const leases = "/apis/coordination.k8s.io/v1/namespaces/default/leases"

const open = (
  request: RawRequest,
  onResponse: (response: IncomingMessage) => void,
  onError: (error: RawError) => void
) => {
  const body = typeof request.body === "object" ? JSON.stringify(request.body) : request.body ?? ""
  const sent = https.request(`${request.baseUrl}${request.path}`, {
    agent: request.agent ?? false,
    ca: request.caCert,
    method: request.method ?? "GET",
    headers: {
      "content-type": request.method === "PATCH" ? "application/merge-patch+json" : "application/json",
      ...(request.token === undefined ? {} : { authorization: `Bearer ${request.token}` }),
      ...(request.withoutContentLength === true ? {} : { "content-length": Buffer.byteLength(body) }),
      ...request.headers
    }
  })
  const fail = (error: Error) => onError(new RawError({ code: "code" in error ? String(error.code) : error.message }))
  sent.on("error", fail)
  sent.on("response", (response) => {
    response.on("error", fail)
    onResponse(response)
  })
  sent.end(body)
  return sent
}

/** One request with none of the library's code. */
export const send = (request: RawRequest): Effect.Effect<RawAnswer, RawError> =>
  Effect.async((resume) => {
    const sent = open(request, (response) => {
      const chunks: Array<Buffer> = []
      response.on("data", (chunk: Buffer) => chunks.push(chunk))
      response.on("end", () => {
        const body = Buffer.concat(chunks).toString("utf8")
        resume(Effect.succeed({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body,
          json: body.startsWith("{") && body.trimEnd().endsWith("}") ? JSON.parse(body) : undefined
        }))
      })
    }, (error) => resume(error))
    return Effect.sync(() => sent.destroy())
  })

/** The lines of a streamed answer. */
export const lines = (request: RawRequest): Stream.Stream<string, RawError> =>
  Stream.asyncPush<string, RawError>((emit) =>
    Effect.acquireRelease(
      Effect.sync(() => {
        let rest = ""
        return open(request, (response) => {
          response.setEncoding("utf8")
          response.on("data", (text: string) => {
            const parts = `${rest}${text}`.split("\n")
            rest = parts.pop() ?? ""
            parts.forEach((line) => emit.single(line))
          })
          response.on("end", () => emit.end())
        }, (error) => emit.fail(error))
      }),
      (sent) => Effect.sync(() => sent.destroy())
    ), { bufferSize: "unbounded" })
