/**
 * What a request to an API server can fail with. No error carries a request or a header, so that none can print a token.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import type * as Duration from "effect/Duration"
import type { LeaseRef } from "./LeaseObject.js"

/**
 * What is asked of an API server. A dry run is a patch that changes nothing.
 *
 * @since 0.1.0
 * @category models
 */
export type Operation = "get" | "create" | "patch" | "delete" | "watch" | "dryRun" | "version"

/**
 * What every failed request says of itself.
 *
 * @since 0.1.0
 * @category models
 */
export interface Failure {
  readonly operation: Operation
  /** With the name `*` where the request is about every Lease of the namespace or, both being `*`, about none. */
  readonly ref: LeaseRef
  /** What is wrong, where, and what to do. */
  readonly message: string
  /** The HTTP status, where an answer came. */
  readonly status?: number | undefined
  /** The `reason` of the server's `Status`. */
  readonly reason?: string | undefined
  /** How long the server asks to be left alone (`Retry-After`), at most an hour. */
  readonly retryAfter?: Duration.Duration | undefined
  /** The server's own clock as it answered (`Date`), in milliseconds since 1970. */
  readonly serverDateMillis?: number | undefined
}

/**
 * 403. The message says who refuses the request and what to do: grant a verb, or look at a quota, a namespace that is being
 * deleted, an admission webhook, a proxy.
 *
 * @since 0.1.0
 * @category errors
 */
export class Forbidden extends Data.TaggedError("Forbidden")<Failure> {}

/**
 * 401, also with the credentials read anew.
 *
 * @since 0.1.0
 * @category errors
 */
export class Unauthorized extends Data.TaggedError("Unauthorized")<Failure> {}

/**
 * 404 that names this very Lease, or its namespace on a create. Any other 404 is `Transient`.
 *
 * @since 0.1.0
 * @category errors
 */
export class NotFound extends Data.TaggedError("NotFound")<Failure & { readonly kind: "leases" | "namespaces" }> {}

/**
 * 409: somebody else was faster. The write has not happened.
 *
 * @since 0.1.0
 * @category errors
 */
export class Conflict extends Data.TaggedError("Conflict")<Failure> {}

/**
 * 400, 413, 415 or 422: the server refuses what was sent, and `causes` says which fields.
 *
 * @since 0.1.0
 * @category errors
 */
export class Invalid extends Data.TaggedError("Invalid")<
  Failure & { readonly causes: ReadonlyArray<{ readonly field: string; readonly message: string }> }
> {}

/**
 * What may be over with the next try: no answer (`Timeout`, `Connect`, `Tls`, `Reset`), an answer that does not decode
 * (`Decode`), or a status that says nothing about the Lease (`Status`: 408, 429, 5xx, 3xx, 410, a 404 of something
 * else). A write that failed so may have happened.
 *
 * @since 0.1.0
 * @category errors
 */
export class Transient extends Data.TaggedError("Transient")<
  Failure & { readonly kind: "Timeout" | "Connect" | "Tls" | "Reset" | "Status" | "Decode" }
> {}

/**
 * The credentials could not be had; nothing was sent.
 *
 * @since 0.1.0
 * @category errors
 */
export class CredentialsError extends Data.TaggedError("CredentialsError")<{
  readonly path?: string | undefined
  readonly message: string
  /** Never: no server has answered. Every `KubeError` can be asked for it. */
  readonly status?: undefined
  /** Never, as `status`. */
  readonly reason?: undefined
}> {}

/**
 * What any request can fail with.
 *
 * @since 0.1.0
 * @category errors
 */
export type RequestError = Forbidden | Unauthorized | Invalid | Transient | CredentialsError

/**
 * @since 0.1.0
 * @category errors
 */
export type KubeError = RequestError | NotFound | Conflict

/**
 * What waiting cannot cure.
 *
 * @since 0.1.0
 * @category errors
 */
export type WaitError = Exclude<KubeError, Transient | Conflict>

const classes = [Forbidden, Unauthorized, NotFound, Conflict, Invalid, Transient, CredentialsError] as const

/**
 * Tells these errors from others that bear the same `_tag`, as those of `HttpApiError` do.
 *
 * ```ts
 * if (isKubeError(error) && error.status === 403) {
 *   // …
 * }
 * ```
 *
 * @since 0.1.0
 * @category guards
 */
export const isKubeError = (u: unknown): u is KubeError => classes.some((errorClass) => u instanceof errorClass)
