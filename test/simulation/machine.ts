import type { Instant } from "../../src/internal/base/clocks.js"
import type { VirtualTime } from "./virtualTime.js"

const epochMillis = Date.UTC(2030, 0, 1)

/** The clocks of one machine: they run at its own rate, the wall clock is off and steps, a suspension stops the other. */
export class Machine {
  readonly #time: VirtualTime
  #rate: number
  #isSuspended = false
  #steps = 0
  #anchor: { readonly at: number; readonly monotonic: number; readonly wall: number }
  #listeners: ReadonlyArray<() => void> = []

  constructor(time: VirtualTime, rate: number, wallOffset: number) {
    this.#time = time
    this.#rate = rate
    this.#anchor = { at: time.now, monotonic: 1_000_000, wall: epochMillis + wallOffset }
  }

  /** How often its wall clock has been set. */
  get steps(): number {
    return this.#steps
  }

  get isSuspended(): boolean {
    return this.#isSuspended
  }

  monotonicMillis(): number {
    return this.#anchor.monotonic + (this.#isSuspended ? 0 : this.#elapsed())
  }

  wallMillis(): number {
    return this.#anchor.wall + this.#elapsed()
  }

  instant(): Instant {
    return { monotonicNanos: this.monotonicNanos(), wallMillis: Math.floor(this.wallMillis()) }
  }

  monotonicNanos(): bigint {
    return BigInt(Math.round(this.monotonicMillis() * 1_000_000))
  }

  /** When this machine's monotonic clock will show so many milliseconds, if nothing befalls it. */
  timeAt(monotonicMillis: number): number {
    return this.#isSuspended
      ? Number.POSITIVE_INFINITY
      : this.#time.now + (monotonicMillis - this.monotonicMillis()) / this.#rate
  }

  setRate(rate: number): void {
    this.#change(() => {
      this.#rate = rate
    })
  }

  stepWall(millis: number): void {
    this.#steps++
    this.#anchor = { ...this.#anchor, wall: this.#anchor.wall + millis }
  }

  setSuspended(isSuspended: boolean): void {
    this.#change(() => {
      this.#isSuspended = isSuspended
    })
  }

  /** Timers that are counted by the monotonic clock have to be set anew. */
  onRateChange(listener: () => void): void {
    this.#listeners = [...this.#listeners, listener]
  }

  #change(change: () => void): void {
    this.#anchor = { at: this.#time.now, monotonic: this.monotonicMillis(), wall: this.wallMillis() }
    change()
    this.#listeners.forEach((listener) => listener())
  }

  #elapsed(): number {
    return (this.#time.now - this.#anchor.at) * this.#rate
  }
}
