import { now } from "./clock.js"
import { lane, legend } from "./lanes.js"
import { fit } from "./layout.js"
import type { Screen } from "./screen.js"
import type { Stage } from "./stage.js"

/** What moves below the timeline: who held in the last seconds, and whether it was ever two at once. */
export const picture = (stage: Stage, screen: Screen, startedAt: number) => (): ReadonlyArray<string> => {
  const { colors } = screen
  const width = screen.width()
  const until = now()
  const cells = Math.max(10, width - stateWidth - 3)
  return [
    colors.dim(fit(`─── the last ${Math.round(cells * cellMs / 1000)} s ${"─".repeat(width)}`, width)),
    ...stage.members.map((member) => {
      const remaining = stage.remainingMs(member)
      const condition = stage.conditions.during(member, until, until + 1)
      const state = condition === "dead" || condition === "paused" || remaining === undefined
        ? condition ?? "waits"
        : `holds, ${(remaining / 1000).toFixed(1)} s left`
      const chart = lane(stage, colors, member, { from: until - cells * cellMs, until, cells, startedAt })
      const paint = remaining === undefined ? colors.dim : colors.green
      return `${colors.bold(member)} ${chart} ${paint(fit(state, stateWidth))}`
    }),
    colors.dim(fit(legend, width)),
    stage.holdings.overlap === undefined
      ? colors.dim(fit(`two holders at one instant: never, in ${looksOf(stage)} looks`, width))
      : colors.red(fit(stage.holdings.overlap, width))
  ]
}

export const looksOf = (stage: Stage): string => stage.holdings.looks.toLocaleString("en")

const cellMs = 200
const stateWidth = 19
