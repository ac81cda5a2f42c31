import * as Arr from "effect/Array"
import * as Order from "effect/Order"
import { now } from "./clock.js"
import { wrap } from "./layout.js"
import type { Screen } from "./screen.js"

export type Tone = "good" | "bad" | "trouble" | "quiet" | "act" | "measured"

export interface Entry {
  readonly at: number
  /** Absent for what is done to the members. */
  readonly member?: string
  readonly tone: Tone
  readonly text: string
}

/** Lines in the order in which things happened, though members' reports cross each other on their way. */
export class Timeline {
  readonly startedAt = now()
  readonly #screen: Screen
  #entries: Array<Entry> = []
  readonly #timer: NodeJS.Timeout

  constructor(screen: Screen) {
    this.#screen = screen
    this.#timer = setInterval(() => this.#print(now() - settlesInMs), settlesInMs / 2)
  }

  add(entry: Entry): void {
    this.#entries.push(entry)
  }

  heading(number: string, title: string, explanation: string): void {
    this.flush()
    const { colors, print, width } = this.#screen
    print([
      "",
      ...wrap(`${number}  ${title}`, width()).map(colors.bold),
      ...wrap(explanation, Math.min(width(), widestText)).map(colors.dim)
    ])
  }

  /** Prints what is still held back. */
  flush(): void {
    this.#print(Infinity)
  }

  end(): void {
    clearInterval(this.#timer)
    this.flush()
  }

  #print(until: number): void {
    const due = Arr.sortWith(this.#entries.filter(({ at }) => at <= until), ({ at }) => at, Order.number)
    this.#entries = this.#entries.filter(({ at }) => at > until)
    if (due.length > 0) {
      this.#screen.print(due.flatMap((entry) => this.#linesOf(entry)))
    }
  }

  #linesOf({ at, member = " ", text, tone }: Entry): ReadonlyArray<string> {
    const { colors, width } = this.#screen
    const time = ((at - this.startedAt) / 1000).toFixed(3).padStart(7)
    const [first = "", ...rest] = wrap(text, width() - indent.length)
    const paint = painters(colors)[tone]
    return [
      `${colors.dim(time)}  ${colors.bold(member)} ${paint(`${signs[tone]} ${first}`)}`,
      ...rest.map((part) => indent + paint(part))
    ]
  }
}

const settlesInMs = 60
const indent = " ".repeat(13)
const widestText = 100

const signs: Readonly<Record<Tone, string>> = {
  good: "●",
  bad: "✗",
  trouble: "!",
  quiet: "·",
  act: "▸",
  measured: "="
}

const painters = (colors: Screen["colors"]): Readonly<Record<Tone, (text: string) => string>> => ({
  good: colors.green,
  bad: colors.red,
  trouble: colors.yellow,
  quiet: colors.dim,
  act: colors.cyan,
  measured: colors.bold
})
