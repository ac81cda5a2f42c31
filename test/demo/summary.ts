import { lane, legend } from "./lanes.js"
import { milliseconds, wrap } from "./layout.js"
import { looksOf } from "./picture.js"
import type { Screen } from "./screen.js"
import type { Stage } from "./stage.js"
import type { Measured } from "./story/step.js"

/** The whole story in one chart, and what was measured in a table. */
export const summarize = (
  stage: Stage,
  screen: Screen,
  measured: ReadonlyArray<Measured>,
  time: { readonly from: number; readonly until: number }
): void => {
  const { colors, line } = screen
  const width = Math.min(screen.width(), widest)
  line("")
  line(colors.bold(`Who held it, over ${Math.round((time.until - time.from) / 1000)} s`))
  for (const member of stage.members) {
    line(`${colors.bold(member)} ${lane(stage, colors, member, { ...time, cells: width - 2, startedAt: time.from })}`)
  }
  for (const part of wrap(legend, width)) {
    line(colors.dim(part))
  }
  line("")
  const rows = [...measured, ...always(stage)]
  const whatWidth = Math.max(...rows.map(({ what }) => what.length)) + 2
  const valueWidth = Math.max(...rows.map(({ value }) => value.length)) + 2
  const fits = whatWidth + valueWidth + Math.max(...rows.map(({ expected }) => expected.length)) <= width
  for (const { expected, value, what } of rows) {
    if (fits) {
      line(`${what.padEnd(whatWidth)}${colors.bold(value.padEnd(valueWidth))}${colors.dim(expected)}`)
    } else {
      line(`${what.padEnd(whatWidth)}${colors.bold(value)}`)
      for (const part of wrap(expected, width - 2)) {
        line(colors.dim(`  ${part}`))
      }
    }
  }
}

const always = (stage: Stage): ReadonlyArray<Measured> => [
  {
    what: "shortest time without a holder",
    value: milliseconds(stage.holdings.narrowestGapMs),
    expected: "more than nothing"
  },
  {
    what: "two holders at one instant",
    value: stage.holdings.overlap === undefined ? "never" : "YES",
    expected: `never; ${looksOf(stage)} looks at checkAlive()`
  },
  {
    what: "fencing tokens",
    value: `${stage.reports("acquired").length} terms`,
    expected: "each greater than the one before"
  }
]

const widest = 100
