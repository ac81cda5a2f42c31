import * as Data from "effect/Data"
import type * as Duration from "effect/Duration"
import type * as Stream from "effect/Stream"
import type { Answer } from "../../internal/memory/status.js"

/** The client gets no answer, or no more of it: its connection is reset, or stays silent. */
export class NoAnswer extends Data.TaggedError("NoAnswer")<{ readonly as: "reset" | "silence" }> {}

/** An HTTP answer before it goes out. */
export interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** One text, or lines to be sent as they come. */
  readonly body: string | Stream.Stream<string, NoAnswer>
  /** `undefined`: without a `Date`. */
  readonly dateMillis: number | undefined
  /** Spaces follow the body up to this length. */
  readonly padToBytes?: number | undefined
  /** The connection is reset after so many bytes of the body. */
  readonly resetAfterBytes?: number | undefined
  /** The body goes out in pieces of so many bytes. */
  readonly pace?: { readonly chunkBytes: number; readonly every: Duration.Duration } | undefined
}

export const jsonHeaders = {
  "cache-control": "no-cache, private",
  "content-type": "application/json"
} as const

export const fromAnswer = ({ body, status }: Answer, dateMillis: number): Reply => ({
  status,
  headers: jsonHeaders,
  // With an end of line, as Go's encoder writes it.
  body: `${JSON.stringify(body)}\n`,
  dateMillis
})
