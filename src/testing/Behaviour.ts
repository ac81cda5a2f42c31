/**
 * What faults do: to any request, and to bytes on the wire.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import type * as Duration from "effect/Duration"

/**
 * What happens to a request.
 *
 * @since 0.1.0
 * @category models
 */
export type Behaviour = Data.TaggedEnum<{
  /** The server never sees it; the client finds out. */
  Unsent: { readonly kind: "Connect" | "Timeout" | "Tls" | "Reset" }
  /** The server does it, but the answer is lost. */
  AnswerLost: { readonly kind: "Reset" | "Timeout" }
  /** It reaches the server late, unless the client has gone by then. */
  Delayed: { readonly by: Duration.Duration }
  /** It reaches the server late, even if the client has gone by then. */
  LandsLate: { readonly by: Duration.Duration }
  /** The server does it at once, and its answer comes late. */
  AnswerDelayed: { readonly by: Duration.Duration }
  /** No answer ever, whether the server does it or not. */
  Hanging: { readonly applied: boolean }
  /** The server answers with this status and does nothing. */
  Refused: {
    readonly status: number
    readonly reason: string | undefined
    readonly message: string
    readonly retryAfter: Duration.Duration | undefined
  }
  /** A watch is cut after some events. */
  WatchCut: { readonly afterEvents: number; readonly as: "end" | "Reset" }
  /** A watch stays open and shows nothing any more. */
  WatchSilent: {}
  /** The answer's `Date` is shifted. */
  DateShifted: { readonly byMillis: number }
  /** The answer has this `Date`, or none. */
  DateReplaced: { readonly millis: number | undefined }
}>

/**
 * @since 0.1.0
 * @category constructors
 */
export const Behaviour = Data.taggedEnum<Behaviour>()

/**
 * What happens to an answer.
 *
 * @since 0.1.0
 * @category models
 */
export type WireBehaviour = Data.TaggedEnum<{
  /** The connection is reset after some bytes of the body. */
  ResetMidBody: { readonly afterBytes: number }
  /** The body comes in small pieces with pauses. */
  SlowBody: { readonly chunkBytes: number; readonly every: Duration.Duration }
  /** This answer instead of the server's own, padded with spaces to a length. */
  Answered: {
    readonly applied: boolean
    readonly status: number
    readonly headers: Readonly<Record<string, string>>
    readonly body: string
    readonly padToBytes: number
  }
  /** The next event of a watch is this line instead. */
  WatchLine: { readonly line: string }
}>

/**
 * @since 0.1.0
 * @category constructors
 */
export const WireBehaviour = Data.taggedEnum<WireBehaviour>()
