import type { Condition, Conditions } from "./conditions.js"
import type { Holdings } from "./holdings.js"
import type { Screen } from "./screen.js"

/** One line of a chart: who held when, a character for each stretch of time. */
export const lane = (
  { conditions, holdings }: { readonly conditions: Conditions; readonly holdings: Holdings },
  colors: Screen["colors"],
  member: string,
  time: { readonly from: number; readonly until: number; readonly cells: number; readonly startedAt: number }
): string => {
  const cellMs = (time.until - time.from) / time.cells
  return Array.from({ length: time.cells }, (_, index) => {
    const from = time.from + index * cellMs
    const until = from + cellMs
    const condition = conditions.during(member, from, until)
    if (until <= time.startedAt) {
      return " "
    }
    return holdings.mostOf(from, until) === member
      ? condition === undefined ? colors.green("█") : colors.yellow("▓")
      : condition === undefined
      ? colors.dim("·")
      : colors.yellow(absence[condition])
  }).join("")
}

const absence: Readonly<Record<Condition, string>> = { dead: " ", paused: "=", "cut off": "x", "no rights": "-" }

export const legend = "█ holds  ▓ holds, in trouble  · waits  = paused  x cut off  - no rights"
