import * as Either from "effect/Either"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import type { LeaseObject } from "../../LeaseObject.js"
import { LeaseResource, WatchEvent } from "../../LeaseObject.js"
import type { KubeCall } from "../base/kubeCall.js"
import { isAnyLease } from "../base/refOf.js"

/** An `ERROR` event: a `metav1.Status` in place of what happened next. */
export interface WatchError {
  readonly code: number
  readonly status: unknown
}

/** The Lease that was asked about, or why the answer is none. Never throws, whatever it is given. */
export const leaseFrom = (call: KubeCall, json: unknown): Either.Either<LeaseObject, string> =>
  Either.flatMap(decodeLease(json), (lease) => {
    const fault = faultOf(call, lease)
    return fault === undefined ? Either.right(lease) : Either.left(fault)
  })

/** A deletion is answered with a `Status`, or with the Lease itself while finalizers hold it up. */
export const deletionFrom = (call: KubeCall, json: unknown): Either.Either<void, string> =>
  Either.match(decodeSuccess(json), {
    onLeft: () => Either.map(leaseFrom(call, json), () => undefined),
    onRight: ({ details: { name = call.ref.name } = {} }) =>
      name === call.ref.name ? Either.void : Either.left(`it is about lease ${name}`)
  })

export const eventFrom = (call: KubeCall, json: unknown): Either.Either<WatchEvent, string | WatchError> =>
  Either.flatMap(decodeEvent(json), ({ object, type }): Either.Either<WatchEvent, string | WatchError> => {
    switch (type) {
      case "ADDED":
      case "MODIFIED":
        return Either.map(leaseFrom(call, object), (lease) => WatchEvent.Present({ lease }))
      case "DELETED":
        return Either.map(leaseFrom(call, object), (lease) => WatchEvent.Deleted({ lease }))
      case "BOOKMARK":
        return Either.map(decodeBookmark(object), ({ metadata }) => WatchEvent.Bookmark(metadata))
      case "ERROR":
        return Either.flatMap(decodeStatus(object), ({ code }) => Either.left({ code, status: object }))
    }
  })

/** Fencing tokens come of it, and are compared as integers. 128 bits are what Kubernetes allows for. */
const resourceVersion = /^[1-9]\d{0,38}$/

/** A proxy that takes one for another must not decide about a term. */
const faultOf = (call: KubeCall, { metadata }: LeaseObject): string | undefined => {
  const { name, namespace } = call.ref
  return metadata.namespace === namespace && (metadata.name === name || isAnyLease(call.ref))
    ? versionFault(metadata.resourceVersion)
    : `it is about lease ${metadata.namespace}/${metadata.name}`
}

const versionFault = (version: string): string | undefined =>
  resourceVersion.test(version)
    ? undefined
    : `its resourceVersion ${JSON.stringify(version)} is no positive decimal integer`

const decoding = <A, I>(schema: Schema.Schema<A, I>) => {
  const decode = Schema.decodeUnknownEither(schema)
  return (json: unknown): Either.Either<A, string> =>
    Either.flatMap(
      // Values that are too deep for it run it out of stack.
      Either.try({ try: () => Either.mapLeft(decode(json), firstIssue), catch: () => "it cannot be decoded" }),
      (decoded) => decoded
    )
}

/** The others say no more, and a type takes a page to be written down. */
const firstIssue = ({ issue }: ParseResult.ParseError): string => {
  const [first] = ParseResult.ArrayFormatter.formatIssueSync(issue)
  return first === undefined ? "it does not decode" : `${first.path.map(String).join(".")}: ${first.message}`
}

const decodeLease = decoding(LeaseResource)
const decodeSuccess = decoding(Schema.Struct({
  kind: Schema.Literal("Status"),
  status: Schema.Literal("Success"),
  details: Schema.optional(Schema.Struct({ name: Schema.optional(Schema.String) }))
}))
const decodeEvent = decoding(Schema.Struct({
  type: Schema.Literal("ADDED", "MODIFIED", "DELETED", "BOOKMARK", "ERROR"),
  object: Schema.Unknown
}))
const decodeBookmark = decoding(Schema.Struct({
  kind: Schema.Literal("Lease"),
  metadata: Schema.Struct({ resourceVersion: Schema.String.pipe(Schema.pattern(resourceVersion)) })
}))
const decodeStatus = decoding(Schema.Struct({ code: Schema.Int }))
