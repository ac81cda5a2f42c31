import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import type { IncomingHttpHeaders } from "node:http"
import * as https from "node:https"
import type { Cluster } from "../support/Kubeconfig.js"

export interface ApiRequest {
  readonly token: string
  readonly method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE" | undefined
  readonly path: string
  readonly body?: object | undefined
}

export interface ApiAnswer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

export class ApiRequestError extends Data.TaggedError("ApiRequestError")<{ readonly message: string }> {}

/** One request on a connection of its own, told apart from the library's requests by having none of its code. */
export const send = (cluster: Cluster, request: ApiRequest): Effect.Effect<ApiAnswer, ApiRequestError> =>
  Effect.async((resume) => {
    const body = request.body === undefined ? "" : JSON.stringify(request.body)
    const sent = https.request(`${cluster.server}${request.path}`, {
      agent: false,
      ca: cluster.caCert,
      method: request.method ?? "GET",
      timeout: 10_000,
      headers: {
        authorization: `Bearer ${request.token}`,
        "content-type": request.method === "PATCH" ? "application/merge-patch+json" : "application/json",
        "content-length": Buffer.byteLength(body)
      }
    })
    const fail = (error: Error) =>
      resume(new ApiRequestError({ message: `${request.method ?? "GET"} ${request.path}: ${error.message}` }))
    sent.on("error", fail)
    sent.on("timeout", () => sent.destroy(new Error("no answer within 10 seconds")))
    sent.on("response", (response) => {
      const chunks: Array<Buffer> = []
      response.on("data", (chunk: Buffer) => chunks.push(chunk))
      response.on("error", fail)
      response.on("end", () =>
        resume(Effect.succeed({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks).toString("utf8")
        })))
    })
    sent.end(body)
    return Effect.sync(() => sent.destroy())
  })
