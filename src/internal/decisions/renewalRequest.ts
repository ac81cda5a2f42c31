/** A request of a term that is held, about to be sent. */
export interface RenewalRequest {
  readonly requestTimeoutMillis: number
  /** Until the renew deadline. */
  readonly timeLeftMillis: number
  /** What was sent before it has failed. */
  readonly isFurtherTry: boolean
  /** How long the server took for its last answer to a write; 0 where that is not known. */
  readonly answerMillis: number
}

/** Answers do not all take the same time. */
const allowance = 1.25

/**
 * How long the request may take (R4): `requestTimeout` at first, so that a dead connection leaves time for another; a
 * further try up to half of the time left. To give any try less than the server is known to take would be in vain.
 */
export const renewalRequestMillis = (
  { answerMillis, isFurtherTry, requestTimeoutMillis, timeLeftMillis }: RenewalRequest
): number =>
  Math.floor(Math.min(
    timeLeftMillis,
    Math.max(requestTimeoutMillis, isFurtherTry ? timeLeftMillis / 2 : 0, allowance * answerMillis)
  ))
