import { now } from "./clock.js"
import type { Report } from "./protocol.js"
import { renewDeadlineMs } from "./timings.js"

/** What is asked of a lease, again and again. */
export interface Asked {
  readonly checkAlive: () => boolean
  readonly remainingMs: () => number
}

/** Looks at a lease every few milliseconds and reports what it says. */
export class Beliefs {
  readonly #lease: Asked
  readonly #report: (report: Report) => void
  #held: { from: number; until: number } | undefined
  #validUntil: number | undefined
  #looks = 0
  #reportedAt = 0

  constructor(lease: Asked, report: (report: Report) => void) {
    this.#lease = lease
    this.#report = report
    setInterval(() => this.look(), everyMs)
  }

  look(): void {
    const at = now()
    this.#looks += 1
    const wasHeld = this.#validUntil !== undefined
    if (this.#lease.checkAlive()) {
      const validUntil = at + this.#lease.remainingMs()
      this.#held = wasHeld && this.#held !== undefined ? { from: this.#held.from, until: at } : { from: at, until: at }
      // A term lasts until `renewDeadlineMs` after the sending of its last write, so a leap forward is a renewal.
      if (wasHeld && this.#validUntil !== undefined && validUntil - this.#validUntil > leapMs) {
        this.#report({ type: "renewed", at, sentAt: validUntil - renewDeadlineMs })
      }
      this.#validUntil = validUntil
    } else {
      this.#validUntil = undefined
    }
    if (wasHeld !== (this.#validUntil !== undefined) || at - this.#reportedAt >= reportEveryMs) {
      this.#reportedAt = at
      this.#report({ type: "belief", at, held: this.#held, validUntil: this.#validUntil, looks: this.#looks })
    }
  }
}

const everyMs = 10
const reportEveryMs = 50
const leapMs = 100
