/**
 * What can go wrong between a program and its API server, as values: a behaviour, and the requests that it befalls.
 *
 * ```ts
 * Fault.answerLost().pipe(Fault.on("patch"), Fault.times(1))
 * Fault.serviceUnavailable().pipe(Fault.withProbability(0.1))
 * Fault.forbidden().pipe(Fault.lasting("30 seconds"))
 * ```
 *
 * `Faults` injects them around any `KubeApi`, `TestApiServer` on the wire.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import { dual } from "effect/Function"
import type { Pipeable } from "effect/Pipeable"
import { pipeArguments } from "effect/Pipeable"
import type { Operation } from "../KubeError.js"
import type { LeaseRef } from "../LeaseObject.js"
import { Behaviour } from "./Behaviour.js"

/**
 * A request as a predicate sees it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Call {
  readonly operation: Operation
  /** With the name `*` where the request is about every Lease of the namespace or, both being `*`, about none. */
  readonly ref: LeaseRef
  /**
   * What is sent, as JSON: the Lease of a create, the merge patch of a patch, the `DeleteOptions` of a delete; on the
   * wire also that of a dry run.
   */
  readonly body: unknown
}

/**
 * A behaviour and the requests that it befalls.
 *
 * @since 0.1.0
 * @category models
 */
export interface Fault<out B = Behaviour> extends Pipeable {
  readonly behaviour: B
  /** Which requests. */
  readonly matches: (call: Call) => boolean
  /** Of the matching requests, how many go well first. */
  readonly skip: number
  /** How many requests it befalls at most. */
  readonly times: number
  /** From 0 to 1: which part of the matching requests it befalls. */
  readonly probability: number
  /** How long after its injection it is over. */
  readonly lasting: Duration.Duration
}

/**
 * A behaviour that befalls every request; narrow it with `on`, `of`, `when`, `skip`, `times`, `withProbability` and
 * `lasting`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = <B>(behaviour: B, matches: (call: Call) => boolean = () => true): Fault<B> =>
  build({ behaviour, matches, skip: 0, times: Infinity, probability: 1, lasting: Duration.infinity })

/**
 * The request fails with `Transient` before the server sees it: no connection by default.
 *
 * @since 0.1.0
 * @category constructors
 */
export const unsent = (kind: "Connect" | "Timeout" | "Tls" | "Reset" = "Connect"): Fault =>
  make(Behaviour.Unsent({ kind }))

/**
 * The server does what was asked, but the client gets `Transient`: the connection is reset by default.
 *
 * @since 0.1.0
 * @category constructors
 */
export const answerLost = (kind: "Reset" | "Timeout" = "Reset"): Fault => make(Behaviour.AnswerLost({ kind }))

/**
 * The request reaches the server late. A client that gives up in the meantime has sent nothing.
 *
 * @since 0.1.0
 * @category constructors
 */
export const delay = (by: Duration.DurationInput): Fault => make(Behaviour.Delayed({ by: Duration.decode(by) }))

/**
 * The request reaches the server late, even if the client has given up in the meantime.
 *
 * @since 0.1.0
 * @category constructors
 */
export const landLate = (by: Duration.DurationInput): Fault => make(Behaviour.LandsLate({ by: Duration.decode(by) }))

/**
 * The server does at once what was asked, and its answer comes late.
 *
 * @since 0.1.0
 * @category constructors
 */
export const delayAnswer = (by: Duration.DurationInput): Fault =>
  make(Behaviour.AnswerDelayed({ by: Duration.decode(by) }))

/**
 * No answer ever. With `applied`, the server does what was asked.
 *
 * @since 0.1.0
 * @category constructors
 */
export const hang = (options: { readonly applied?: boolean | undefined } = {}): Fault =>
  make(Behaviour.Hanging({ applied: options.applied ?? false }))

/**
 * The server answers with a status outside 2xx and does nothing. Without a `reason`, the `Status` has none.
 *
 * @since 0.1.0
 * @category constructors
 */
export const refuse = (status: number, options: {
  readonly reason?: string | undefined
  readonly message?: string | undefined
  readonly retryAfter?: Duration.DurationInput | undefined
} = {}): Fault =>
  make(Behaviour.Refused({
    status,
    reason: options.reason,
    message: options.message ?? `refused by a fault with status ${status}`,
    retryAfter: options.retryAfter === undefined ? undefined : Duration.decode(options.retryAfter)
  }))

/**
 * 429 with `Retry-After`, which counts in whole seconds.
 *
 * @since 0.1.0
 * @category constructors
 */
export const tooManyRequests = (retryAfter: Duration.DurationInput = "1 second"): Fault =>
  refuse(429, {
    reason: "TooManyRequests",
    message: "Too many requests, please try again later.",
    retryAfter
  })

/**
 * 500.
 *
 * @since 0.1.0
 * @category constructors
 */
export const internalError = (message = "Internal error occurred: etcdserver: leader changed"): Fault =>
  refuse(500, { reason: "InternalError", message })

/**
 * 503.
 *
 * @since 0.1.0
 * @category constructors
 */
export const serviceUnavailable = (message = "apiserver is shutting down"): Fault =>
  refuse(503, { reason: "ServiceUnavailable", message })

/**
 * 401, as for an expired token.
 *
 * @since 0.1.0
 * @category constructors
 */
export const unauthorized = (): Fault => refuse(401, { reason: "Unauthorized", message: "Unauthorized" })

/**
 * 403, as for a missing right.
 *
 * @since 0.1.0
 * @category constructors
 */
export const forbidden = (message = "leases.coordination.k8s.io is forbidden"): Fault =>
  refuse(403, { reason: "Forbidden", message })

/**
 * A watch that starts now is cut after some events (default: at once): it ends, as when the server ends it, or fails
 * with `Transient` of kind `Reset`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const watchCut = (
  options: { readonly afterEvents?: number | undefined; readonly as?: "end" | "Reset" | undefined } = {}
): Fault => make(Behaviour.WatchCut({ afterEvents: options.afterEvents ?? 0, as: options.as ?? "end" }), isWatch)

/**
 * A watch that would show something shows neither that nor anything later, and does not end: the connection is
 * half-open. Befalls watches that are open already too.
 *
 * @since 0.1.0
 * @category constructors
 */
export const watchSilent = (): Fault => make(Behaviour.WatchSilent(), isWatch)

/**
 * The `Date` of the answer is so many milliseconds ahead, or behind if negative: that of another server of the control
 * plane, or of a reverse proxy with a clock of its own. Times in the body stay the server's. `Faults` dates answers but
 * no refusals, `TestApiServer` both.
 *
 * @since 0.1.0
 * @category constructors
 */
export const dateShift = (byMillis: number): Fault => make(Behaviour.DateShifted({ byMillis }))

/**
 * The `Date` of the answer is this one, in milliseconds since 1970, as of a proxy whose clock stands; otherwise like
 * `dateShift`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const date = (millis: number): Fault => make(Behaviour.DateReplaced({ millis }))

/**
 * The answer has no `Date`; otherwise like `dateShift`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const noDate = (): Fault => make(Behaviour.DateReplaced({ millis: undefined }))

/**
 * Only requests of these operations.
 *
 * @since 0.1.0
 * @category combinators
 */
export const on = (...operations: ReadonlyArray<Operation>) => <B>(self: Fault<B>): Fault<B> =>
  when(self, ({ operation }) => operations.includes(operation))

/**
 * Only requests about one Lease.
 *
 * @since 0.1.0
 * @category combinators
 */
export const of = (ref: LeaseRef) => <B>(self: Fault<B>): Fault<B> =>
  when(self, (call) => call.ref.namespace === ref.namespace && call.ref.name === ref.name)

/**
 * Only requests that a predicate picks, besides the conditions so far.
 *
 * @since 0.1.0
 * @category combinators
 */
export const when: {
  (predicate: (call: Call) => boolean): <B>(self: Fault<B>) => Fault<B>
  <B>(self: Fault<B>, predicate: (call: Call) => boolean): Fault<B>
} = dual(
  2,
  <B>(self: Fault<B>, predicate: (call: Call) => boolean): Fault<B> =>
    build({ ...self, matches: (call) => self.matches(call) && predicate(call) })
)

/**
 * Only the first so many requests.
 *
 * @since 0.1.0
 * @category combinators
 */
export const times: {
  (count: number): <B>(self: Fault<B>) => Fault<B>
  <B>(self: Fault<B>, count: number): Fault<B>
} = dual(2, <B>(self: Fault<B>, count: number): Fault<B> => build({ ...self, times: count }))

/**
 * Only after so many requests that would have been befallen.
 *
 * @since 0.1.0
 * @category combinators
 */
export const skip: {
  (count: number): <B>(self: Fault<B>) => Fault<B>
  <B>(self: Fault<B>, count: number): Fault<B>
} = dual(2, <B>(self: Fault<B>, count: number): Fault<B> => build({ ...self, skip: count }))

/**
 * Only a part of the requests, from 0 (none) to 1 (all), drawn by the generator of the layer or server.
 *
 * @since 0.1.0
 * @category combinators
 */
export const withProbability: {
  (probability: number): <B>(self: Fault<B>) => Fault<B>
  <B>(self: Fault<B>, probability: number): Fault<B>
} = dual(2, <B>(self: Fault<B>, probability: number): Fault<B> => build({ ...self, probability }))

/**
 * Only for some time after the injection, by Effect's `Clock`.
 *
 * @since 0.1.0
 * @category combinators
 */
export const lasting: {
  (duration: Duration.DurationInput): <B>(self: Fault<B>) => Fault<B>
  <B>(self: Fault<B>, duration: Duration.DurationInput): Fault<B>
} = dual(
  2,
  <B>(self: Fault<B>, duration: Duration.DurationInput): Fault<B> =>
    build({ ...self, lasting: Duration.decode(duration) })
)

const isWatch = ({ operation }: Call): boolean => operation === "watch"

const build = <B>(fields: Omit<Fault<B>, "pipe">): Fault<B> => ({
  ...fields,
  pipe() {
    return pipeArguments(this, arguments)
  }
})
