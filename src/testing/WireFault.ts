/**
 * What can go wrong on the wire, for `TestApiServer` only. Narrow each as any `Fault`:
 *
 * ```ts
 * WireFault.resetMidBody().pipe(Fault.on("patch"), Fault.times(1))
 * ```
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import { WireBehaviour } from "./Behaviour.js"
import type { Fault } from "./Fault.js"
import { make } from "./Fault.js"

/**
 * The connection is reset in the middle of the body, by default after 10 bytes of it. What was asked has happened.
 *
 * @since 0.1.0
 * @category constructors
 */
export const resetMidBody = (afterBytes = 10): Fault<WireBehaviour> => make(WireBehaviour.ResetMidBody({ afterBytes }))

/**
 * The body comes in pieces, by default of one byte every 100 ms.
 *
 * @since 0.1.0
 * @category constructors
 */
export const slowBody = (
  options: { readonly chunkBytes?: number | undefined; readonly every?: Duration.DurationInput | undefined } = {}
): Fault<WireBehaviour> =>
  make(WireBehaviour.SlowBody({
    chunkBytes: options.chunkBytes ?? 1,
    every: Duration.decode(options.every ?? "100 millis")
  }))

/**
 * Any answer. With `applied`, the server does first what was asked.
 *
 * @since 0.1.0
 * @category constructors
 */
export const answer = (options: {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>> | undefined
  readonly body?: string | undefined
  readonly applied?: boolean | undefined
}): Fault<WireBehaviour> =>
  make(WireBehaviour.Answered({
    applied: options.applied ?? false,
    status: options.status,
    headers: options.headers ?? {},
    body: options.body ?? "",
    padToBytes: 0
  }))

/**
 * 429 in plain text, as API priority and fairness refuses.
 *
 * @since 0.1.0
 * @category constructors
 */
export const plainTextTooManyRequests = (retryAfter: Duration.DurationInput = "1 second"): Fault<WireBehaviour> =>
  answer({
    status: 429,
    headers: {
      "content-type": "text/plain; charset=utf-8",
      "retry-after": String(Math.ceil(Duration.toSeconds(retryAfter))),
      "x-content-type-options": "nosniff"
    },
    body: "Too many requests, please try again later.\n"
  })

/**
 * 200 with a body that is no JSON. What was asked has happened.
 *
 * @since 0.1.0
 * @category constructors
 */
export const garbageJson = (body = "{\"kind\":\"Lease\",\"metadata\":{"): Fault<WireBehaviour> =>
  answer({ status: 200, headers: { "content-type": "application/json" }, body, applied: true })

/**
 * 200 with a huge body of spaces, 50 MB by default. What was asked has happened.
 *
 * @since 0.1.0
 * @category constructors
 */
export const hugeBody = (bytes = 50 * 1024 * 1024): Fault<WireBehaviour> =>
  make(WireBehaviour.Answered({
    applied: true,
    status: 200,
    headers: { "content-type": "application/json" },
    body: "",
    padToBytes: bytes
  }))

/**
 * A redirect, by default 307.
 *
 * @since 0.1.0
 * @category constructors
 */
export const redirect = (location: string, status = 307): Fault<WireBehaviour> =>
  answer({ status, headers: { location } })

/**
 * A watch shows this line in place of its next event. Befalls watches that are open already too.
 *
 * @since 0.1.0
 * @category constructors
 */
export const watchLine = (line: string): Fault<WireBehaviour> =>
  make(WireBehaviour.WatchLine({ line }), ({ operation }) => operation === "watch")

/**
 * A watch shows an ERROR event with this code in place of its next event: 410 `Expired`, 504 `Timeout`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const watchError = (code: number, reason: string): Fault<WireBehaviour> =>
  watchLine(JSON.stringify({
    type: "ERROR",
    object: { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", message: reason, reason, code }
  }))
