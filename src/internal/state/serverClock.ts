import { MicroTime, microTimeFromMillis, microTimeToMillis } from "../../LeaseObject.js"
import type { Instant } from "../base/clocks.js"
import { millisBetween, monotonicMillisBetween } from "../base/clocks.js"
import { resolutionMillis } from "../decisions/managedFields.js"

/** Stamps are in whole seconds; further back than this and the time that the answer took, another server's clock speaks. */
const longestLagMillis = 2000

/** The API server's clock, as far as answers have told it: to a second, and this machine's own within that second (T6). */
export class ServerClock {
  #known: { readonly millis: number; readonly atNanos: bigint } | undefined

  /** Takes what the body of an answer that has just arrived says of the server's present. */
  observe(serverMillis: number, sentAt: Instant, arrivedAt: Instant): void {
    const atNanos = arrivedAt.monotonicNanos
    if (this.#known !== undefined) {
      const aheadMillis = this.#extrapolate(this.#known, atNanos) - serverMillis
      if (aheadMillis > 0 && aheadMillis <= longestLagMillis + monotonicMillisBetween(sentAt.monotonicNanos, atNanos)) {
        return
      }
    }
    const millis = Math.min(Math.max(serverMillis, arrivedAt.wallMillis), serverMillis + resolutionMillis)
    this.#known = { millis, atNanos }
  }

  /** `undefined` where no answer has told the server's time. */
  presentMillis(nowNanos: bigint): number | undefined {
    return this.#known === undefined ? undefined : this.#extrapolate(this.#known, nowNanos)
  }

  /** What to write at this instant: by this machine's wall clock where no answer has told the server's time. */
  timeAt(now: Instant): MicroTime {
    return microTimeFromMillis(this.presentMillis(now.monotonicNanos) ?? now.wallMillis)
  }

  /** The same, but always after `previous` (T6). */
  timeAfter(previous: MicroTime, now: Instant): MicroTime {
    const time = this.timeAt(now)
    return time > previous ? time : MicroTime(previous + 1n)
  }

  /**
   * Whether a time that was written by a request, sent and answered at these instants, is the server's, as far as others
   * can tell (E2).
   */
  agrees(written: MicroTime, sentAt: Instant, arrivedAt: Instant, maxClockSkewMillis: number): boolean {
    const aheadMillis = microTimeToMillis(written) - microTimeToMillis(this.timeAt(sentAt))
    const toleranceMillis = resolutionMillis + maxClockSkewMillis
    // The stamp may be as old as the request.
    return aheadMillis >= -toleranceMillis && aheadMillis <= toleranceMillis + millisBetween(sentAt, arrivedAt)
  }

  #extrapolate(known: { readonly millis: number; readonly atNanos: bigint }, atNanos: bigint): number {
    return known.millis + monotonicMillisBetween(known.atNanos, atNanos)
  }
}
