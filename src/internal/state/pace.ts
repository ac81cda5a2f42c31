import type { KubeError } from "../../KubeError.js"
import type { EngineSettings } from "../settings/engineSettings.js"

/** A webhook makes writes slow and leaves reads alone; what makes reads slow does not spare writes. */
type Kind = "read" | "write"

/** So long, and no longer, any single request of an acquire or a release is waited for. */
const longestMillis = 15_000

/** The next answer may take so many times as long as the last one. */
const growth = 3

/**
 * How long a request may take on a slow server: what comes of a write has to be of use for as long again, for its term
 * counts from the sending (T2).
 */
export const mostRequestMillis = (
  { renewDeadlineMillis, requestTimeoutMillis }: Pick<EngineSettings, "renewDeadlineMillis" | "requestTimeoutMillis">
): number => Math.max(requestTimeoutMillis, Math.min(longestMillis, renewDeadlineMillis / 2))

/** How long the API server has lately taken to answer. */
export class Pace {
  readonly #lastMillis: Record<Kind, number> = { read: 0, write: 0 }

  /** It has answered, or has not answered for so long. */
  note(kind: Kind, tookMillis: number): void {
    this.#lastMillis[kind] = tookMillis
  }

  /** How long to wait for the next answer: as usual, but on a server that is known to be slow up to `mostMillis`. */
  limitMillis(kind: Kind, usualMillis: number, mostMillis: number): number {
    const { read, write } = this.#lastMillis
    return Math.max(usualMillis, Math.min(mostMillis, growth * (kind === "read" ? read : Math.max(read, write))))
  }
}

/** The server itself has said so. */
export const isAnswer = (error: KubeError): boolean => error._tag !== "CredentialsError" && error.status !== undefined

/** A connection that breaks tells nothing of the server's pace. */
export const tellsPace = (error: KubeError): boolean =>
  isAnswer(error) || (error._tag === "Transient" && error.kind === "Timeout")
