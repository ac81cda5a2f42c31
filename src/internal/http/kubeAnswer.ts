import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Stream from "effect/Stream"
import type { CredentialsError, KubeError } from "../../KubeError.js"
import { Transient } from "../../KubeError.js"
import type { Observed, ServerVersion, WatchEvent } from "../../LeaseObject.js"
import type { KubeCall } from "../base/kubeCall.js"
import { cannot } from "../base/kubeCall.js"
import { quote, secretsOf } from "../base/quoting.js"
import { retryAfterOfHeaders } from "../base/retryAfter.js"
import { failureFromAnswer } from "./failure.js"
import { parseJson } from "./json.js"
import { deletionFrom, eventFrom, leaseFrom } from "./leaseAnswer.js"
import { serverVersionFrom } from "./serverVersion.js"
import { splitLines } from "./splitLines.js"
import { transportFailure } from "./transportFailure.js"

/** A Lease is a few hundred bytes; etcd takes at most 1.5 MiB. */
const maxBytes = 4 * 1024 * 1024

type Response = HttpClientResponse.HttpClientResponse
type AnswerError = Exclude<KubeError, CredentialsError>

export const readLease = (call: KubeCall, response: Response): Effect.Effect<Observed, AnswerError> =>
  isOk(response)
    ? Effect.map(
      readJson(call, response, "Lease of this name", (json) => leaseFrom(call, json)),
      (lease) => ({ ...lease, serverDateMillis: dateMillisOf(response) })
    )
    : readFailure(call, response)

export const readVersion = (call: KubeCall, response: Response): Effect.Effect<ServerVersion, AnswerError> =>
  isOk(response)
    ? readJson(
      call,
      response,
      "version",
      (json) => Either.fromNullable(serverVersionFrom(json), () => "it has no major and minor")
    )
    : readFailure(call, response)

export const readDeletion = (call: KubeCall, response: Response): Effect.Effect<void, AnswerError> =>
  isOk(response)
    ? readJson(call, response, "deletion", (json) => deletionFrom(call, json))
    : readFailure(call, response)

export const readWatch = (
  call: KubeCall,
  response: Response
): Effect.Effect<Stream.Stream<WatchEvent, AnswerError>, AnswerError> =>
  isOk(response)
    ? Effect.succeed(
      bodyOf(call, response).pipe(
        splitLines(maxBytes, () => undecodable(call, response, `an event is longer than ${maxBytes} bytes`)),
        Stream.mapEffect((line) => readEvent(call, response, line))
      )
    )
    : readFailure(call, response)

/** Reads the body in any case, for an unread one would keep its connection. */
export const readBody = (call: KubeCall, response: Response): Effect.Effect<Uint8Array, Transient> => {
  const length = response.headers["content-length"]
  const tooLong = (): Transient => undecodable(call, response, `the answer is longer than ${maxBytes} bytes`)
  if (length !== undefined && Number(length) <= maxBytes) {
    return Effect.mapBoth(response.arrayBuffer, {
      onFailure: (error) => transportFailure(call, error),
      onSuccess: (buffer) => new Uint8Array(buffer)
    })
  }
  return bodyOf(call, response).pipe(
    Stream.runFoldEffect(
      { chunks: new Array<Uint8Array>(), bytes: 0 },
      ({ bytes, chunks }, chunk) =>
        bytes + chunk.length > maxBytes
          ? Effect.fail(tooLong())
          : Effect.succeed({ chunks: [...chunks, chunk], bytes: bytes + chunk.length })
    ),
    Effect.map(({ chunks }) => Buffer.concat(chunks))
  )
}

/** `fetch` has no body where there are no bytes. */
const bodyOf = (call: KubeCall, response: Response): Stream.Stream<Uint8Array, Transient> =>
  Stream.catchAll(
    response.stream,
    (error) => error.reason === "EmptyBody" ? Stream.empty : Stream.fail(transportFailure(call, error))
  )

const isOk = ({ status }: Response): boolean => status >= 200 && status < 300

const readJson = <A>(
  call: KubeCall,
  response: Response,
  what: string,
  decode: (json: unknown) => Either.Either<A, string>
): Effect.Effect<A, Transient> =>
  Effect.flatMap(readBody(call, response), (bytes) =>
    Either.flatMap(jsonFrom(bytes), decode).pipe(
      Either.mapLeft((why) => undecodable(call, response, `the answer is no ${what}: ${why}`))
    ))

const readEvent = (call: KubeCall, response: Response, line: Uint8Array): Either.Either<WatchEvent, AnswerError> =>
  Either.flatMap(jsonFrom(line), (json) => eventFrom(call, json)).pipe(
    Either.mapLeft((why) =>
      typeof why === "string"
        ? undecodable(call, response, `an event is not what was asked for: ${why}`)
        : failureFromAnswer(call.operation, call.ref, {
          status: why.code,
          body: why.status,
          secrets: secretsOf(response.request)
        })
    )
  )

const readFailure = (call: KubeCall, response: Response): Effect.Effect<never, AnswerError> =>
  Effect.flatMap(readBody(call, response), (bytes) =>
    Effect.fail(failureFromAnswer(call.operation, call.ref, {
      status: response.status,
      body: Either.getOrElse(jsonFrom(bytes), () => Buffer.from(bytes).toString("utf8")),
      retryAfter: retryAfterOfHeaders(response.headers),
      dateMillis: dateMillisOf(response),
      secrets: secretsOf(response.request)
    })))

/** Strict, for half a character that is read as another one would make an owner somebody else. */
const utf8 = new TextDecoder("utf-8", { fatal: true })

const jsonFrom = (bytes: Uint8Array): Either.Either<unknown, string> =>
  Either.try({ try: () => utf8.decode(bytes), catch: () => "it is no text, but perhaps compressed" }).pipe(
    Either.flatMap(parseJson)
  )

const dateMillisOf = ({ headers }: Response): number | undefined => {
  const millis = Date.parse(headers["date"] ?? "")
  return Number.isNaN(millis) ? undefined : millis
}

const undecodable = (call: KubeCall, { request, status }: Response, why: string): Transient =>
  new Transient({ ...call, status, kind: "Decode", message: `${cannot(call)}: ${quote(why, secretsOf(request))}` })
