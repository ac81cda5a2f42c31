/** Which promise has not been kept, and how. */
export interface Finding {
  readonly check: Check
  readonly at: number
  readonly message: string
}

export type Check =
  | "one holder"
  | "one instance"
  | "tokens grow"
  | "store refuses the older"
  | "begins held"
  | "final"
  | "by the clocks"
  | "lost in time"
  | "told once"
  | "leads on"
  | "lost for a reason"
  | "late write"
  | "no request after the deadline"
  | "given back"
  | "given up"
  | "release in time"
  | "false for a reason"
  | "asks the server"
  | "waits out"
  | "name left alone"
  | "transitions"
  | "others' fields"
  | "somebody holds"
  | "taken at first look"
  | "nothing remains"
  | "no defect"

/** The assumptions of the guarantee that a history can break. */
export type Assumption = "a" | "b" | "d"

/** What a history has shown so far. */
export class Findings {
  readonly found: Array<Finding> = []
  readonly broken = new Set<Assumption>()
  readonly timeline: Array<string> = []
  readonly #now: () => number
  readonly isTold: boolean

  constructor(now: () => number, isTold: boolean) {
    this.#now = now
    this.isTold = isTold
  }

  /** A line of the timeline; `text` is only made where somebody reads it. */
  tell(who: string, text: () => string): void {
    if (this.isTold) {
      this.timeline.push(`${seconds(this.#now())}  ${who.padEnd(10)} ${text()}`)
    }
  }

  report(check: Check, message: string): void {
    this.found.push({ check, at: this.#now(), message })
    this.tell("CHECK", () => `${check}: ${message}`)
  }

  break(assumption: Assumption): void {
    this.broken.add(assumption)
  }
}

const seconds = (millis: number): string => (millis / 1000).toFixed(4).padStart(10)
