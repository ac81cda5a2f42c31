import { availableParallelism, loadavg } from "node:os"
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
  const { colors, print } = screen
  const width = Math.min(screen.width(), widest)
  const lanes = stage.members.map((member) =>
    `${colors.bold(member)} ${lane(stage, colors, member, { ...time, cells: width - 2, startedAt: time.from })}`
  )
  print([
    "",
    colors.bold(`Who held it, over ${Math.round((time.until - time.from) / 1000)} s`),
    ...lanes,
    ...wrap(legend, width).map(colors.dim),
    "",
    ...table([...measured, ...always(stage)], width, colors),
    ...(isBusy() ? ["", ...wrap(busy, width).map(colors.yellow)] : [])
  ])
}

/** In a narrow window, what should be stands below what was. */
const table = (rows: ReadonlyArray<Measured>, width: number, colors: Screen["colors"]): ReadonlyArray<string> => {
  const whatWidth = widestOf(rows.map(({ what }) => what)) + 2
  const valueWidth = widestOf(rows.map(({ value }) => value)) + 2
  const fits = whatWidth + valueWidth + widestOf(rows.map(({ expected }) => expected)) <= width
  return rows.flatMap(({ expected, value, what }) =>
    fits
      ? [`${what.padEnd(whatWidth)}${colors.bold(value.padEnd(valueWidth))}${colors.dim(expected)}`]
      : [
        `${what.padEnd(whatWidth)}${colors.bold(value)}`,
        ...wrap(`should be: ${expected}`, width - 2).map((part) => colors.dim(`  ${part}`))
      ]
  )
}

const widestOf = (texts: ReadonlyArray<string>): number => Math.max(...texts.map(({ length }) => length))

const isBusy = (): boolean => (loadavg()[0] ?? 0) > 2 * availableParallelism()

const busy = "This machine is busy: its load is more than twice what its processors can do at once. What takes " +
  "milliseconds elsewhere takes longer here; what must never happen must not happen here either."

const always = (stage: Stage): ReadonlyArray<Measured> => [
  {
    what: "shortest time without a holder",
    value: Number.isFinite(stage.holdings.narrowestGapMs) ? milliseconds(stage.holdings.narrowestGapMs) : "-",
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
