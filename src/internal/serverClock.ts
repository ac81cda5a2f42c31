import { MicroTime, microTimeFromMillis } from "../LeaseObject.js"
import type { Instant } from "./clocks.js"
import { monotonicMillisBetween } from "./clocks.js"

/** Answers are dated in whole seconds; further back than this and the time they took, another server's clock speaks. */
const toleranceMillis = 2000

/** The latest instant that the API server's clock is known to have passed (T6). */
export class ServerClock {
  #known: { readonly millis: number; readonly atNanos: bigint } | undefined

  /** Takes the `Date` of an answer that has just arrived. */
  observe(dateMillis: number, sentNanos: bigint, arrivedNanos: bigint): void {
    if (this.#known !== undefined) {
      const aheadMillis = this.#extrapolate(this.#known, arrivedNanos) - dateMillis
      if (aheadMillis > 0 && aheadMillis <= toleranceMillis + monotonicMillisBetween(sentNanos, arrivedNanos)) {
        return
      }
    }
    this.#known = { millis: dateMillis, atNanos: arrivedNanos }
  }

  /** What to write at this instant: by this machine's wall clock where no answer has told the server's time. */
  timeAt(now: Instant): MicroTime {
    return microTimeFromMillis(
      this.#known === undefined ? now.wallMillis : this.#extrapolate(this.#known, now.monotonicNanos)
    )
  }

  /** The same, but always after `previous` (T6). */
  timeAfter(previous: MicroTime, now: Instant): MicroTime {
    const time = this.timeAt(now)
    return time > previous ? time : MicroTime(previous + 1n)
  }

  #extrapolate(known: { readonly millis: number; readonly atNanos: bigint }, atNanos: bigint): number {
    return known.millis + monotonicMillisBetween(known.atNanos, atNanos)
  }
}
