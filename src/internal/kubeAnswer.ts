import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { CredentialsError, KubeError } from "../KubeError.js"
import { Transient } from "../KubeError.js"
import type { Observed, ServerVersion } from "../LeaseObject.js"
import { LeaseResource, WatchEvent } from "../LeaseObject.js"
import { failureFromAnswer } from "./failure.js"
import type { KubeCall } from "./kubeCall.js"
import { cannot } from "./kubeCall.js"
import { serverVersionFrom } from "./serverVersion.js"
import { splitLines } from "./splitLines.js"
import { transportFailure } from "./transportFailure.js"

/** A Lease is a few hundred bytes; etcd takes at most 1.5 MiB. */
const maxBytes = 4 * 1024 * 1024

type Response = HttpClientResponse.HttpClientResponse
type AnswerError = Exclude<KubeError, CredentialsError>

export const readLease = (call: KubeCall, response: Response): Effect.Effect<Observed, AnswerError> =>
  isOk(response)
    ? Effect.flatMap(readText(call, response), (text) => leaseFromJson(call, response, text))
    : readFailure(call, response)

export const readVersion = (call: KubeCall, response: Response): Effect.Effect<ServerVersion, AnswerError> =>
  isOk(response)
    ? Effect.flatMap(readText(call, response), (text) => {
      const version = serverVersionFrom(Either.getOrUndefined(decodeJson(text)))
      return version === undefined
        ? Effect.fail(undecodable(call, response, "the answer is no version"))
        : Effect.succeed(version)
    })
    : readFailure(call, response)

export const readNothing = (call: KubeCall, response: Response): Effect.Effect<void, AnswerError> =>
  isOk(response) ? Effect.asVoid(readText(call, response)) : readFailure(call, response)

export const readWatch = (
  call: KubeCall,
  response: Response
): Effect.Effect<Stream.Stream<WatchEvent, AnswerError>, AnswerError> =>
  isOk(response)
    ? Effect.succeed(response.stream.pipe(
      Stream.mapError((error) => transportFailure(call, error)),
      splitLines(maxBytes, () => undecodable(call, response, `an event is longer than ${maxBytes} bytes`)),
      Stream.mapEffect((line) => eventFromJson(call, response, line))
    ))
    : readFailure(call, response)

/** Reads the body in any case, for an unread one would keep its connection. */
export const readText = (call: KubeCall, response: Response): Effect.Effect<string, Transient> => {
  const length = response.headers["content-length"]
  const tooLong = (): Transient => undecodable(call, response, `the answer is longer than ${maxBytes} bytes`)
  if (length !== undefined && Number(length) <= maxBytes) {
    return Effect.mapError(response.text, (error) => transportFailure(call, error))
  }
  return response.stream.pipe(
    Stream.mapError((error) => transportFailure(call, error)),
    Stream.runFoldEffect(
      { chunks: new Array<Uint8Array>(), bytes: 0 },
      ({ bytes, chunks }, chunk) =>
        bytes + chunk.length > maxBytes
          ? Effect.fail(tooLong())
          : Effect.succeed({ chunks: [...chunks, chunk], bytes: bytes + chunk.length })
    ),
    Effect.map(({ chunks }) => Buffer.concat(chunks).toString("utf8"))
  )
}

const isOk = ({ status }: Response): boolean => status >= 200 && status < 300

const readFailure = (call: KubeCall, response: Response): Effect.Effect<never, AnswerError> =>
  Effect.flatMap(readText(call, response), (text) =>
    Effect.fail(failureFromAnswer(call.operation, call.ref, {
      status: response.status,
      body: Either.getOrElse(decodeJson(text), () => text),
      retryAfter: retryAfterOf(response),
      dateMillis: dateMillisOf(response)
    })))

const leaseFromJson = (call: KubeCall, response: Response, text: string): Either.Either<Observed, Transient> =>
  decodeLeaseText(text).pipe(
    Either.map((lease) => ({ ...lease, serverDateMillis: dateMillisOf(response) })),
    Either.mapLeft((error) => undecodable(call, response, `the answer is no Lease: ${error.message}`))
  )

const dateMillisOf = ({ headers }: Response): number | undefined => {
  const millis = Date.parse(headers["date"] ?? "")
  return Number.isNaN(millis) ? undefined : millis
}

const EventEnvelope = Schema.Struct({
  type: Schema.Literal("ADDED", "MODIFIED", "DELETED", "BOOKMARK", "ERROR"),
  object: Schema.Unknown
})
const BookmarkObject = Schema.Struct({ metadata: Schema.Struct({ resourceVersion: Schema.NonEmptyString }) })
const StatusObject = Schema.Struct({ code: Schema.Int })

const decodeJson = Schema.decodeUnknownEither(Schema.parseJson())
const decodeLease = Schema.decodeUnknownEither(LeaseResource)
const decodeLeaseText = Schema.decodeUnknownEither(Schema.parseJson(LeaseResource))
const decodeEnvelopeText = Schema.decodeUnknownEither(Schema.parseJson(EventEnvelope))
const decodeBookmark = Schema.decodeUnknownEither(BookmarkObject)
const decodeStatus = Schema.decodeUnknownEither(StatusObject)

const eventFromJson = (call: KubeCall, response: Response, line: string): Either.Either<WatchEvent, AnswerError> =>
  decodeEnvelopeText(line).pipe(
    Either.flatMap(({ object, type }): Either.Either<WatchEvent, AnswerError | ParseResult.ParseError> => {
      switch (type) {
        case "ADDED":
        case "MODIFIED":
          return Either.map(decodeLease(object), (lease) => WatchEvent.Present({ lease }))
        case "DELETED":
          return Either.map(decodeLease(object), (lease) => WatchEvent.Deleted({ lease }))
        case "BOOKMARK":
          return Either.map(decodeBookmark(object), ({ metadata }) => WatchEvent.Bookmark(metadata))
        case "ERROR":
          return Either.flatMap(
            decodeStatus(object),
            ({ code }) => Either.left(failureFromAnswer(call.operation, call.ref, { status: code, body: object }))
          )
      }
    }),
    Either.mapLeft((error) => error._tag === "ParseError" ? undecodable(call, response, error.message) : error)
  )

const undecodable = (call: KubeCall, { status }: Response, why: string): Transient =>
  new Transient({ ...call, status, kind: "Decode", message: `${cannot(call)}: ${why}` })

/** Seconds, or a date that is told against the server's own. */
const retryAfterOf = ({ headers }: Response): Duration.Duration | undefined => {
  const value = headers["retry-after"]
  if (value === undefined) {
    return undefined
  }
  const millis = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.parse(headers["date"] ?? "")
  return Number.isNaN(millis) ? undefined : Duration.millis(Math.max(0, millis))
}
