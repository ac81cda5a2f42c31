/** The greatest part of an interval by which renewals come early, so that the holders of a fleet do not renew together. */
const mostEarly = 0.1

/** A renewal to come: the how-manieth interval since the acquiring write it belongs to, and in how many milliseconds. */
export interface NextRenewal {
  readonly slot: number
  readonly delayMillis: number
}

/**
 * Renewals stand on a grid from the acquiring write on, all of them early by the same share of the interval: never more
 * than one interval apart, never late, and no more of them than time allows (R1).
 *
 * @param random from 0 to 1, drawn once a term
 * @param lastSlot the slot of the renewal before, 0 for none: a timer that fires early renews no slot twice
 * @param elapsedMillis since the acquiring write was sent, by the monotonic clock
 */
export const nextRenewal = (
  intervalMillis: number,
  random: number,
  lastSlot: number,
  elapsedMillis: number
): NextRenewal => {
  const earlyMillis = intervalMillis * mostEarly * random
  const slot = Math.max(lastSlot, Math.floor((elapsedMillis + earlyMillis) / intervalMillis)) + 1
  return { slot, delayMillis: Math.max(0, Math.floor(slot * intervalMillis - earlyMillis - elapsedMillis)) }
}
