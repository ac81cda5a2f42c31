import * as Arr from "effect/Array"
import * as Order from "effect/Order"
import { setTimeout as sleep } from "node:timers/promises"
import { now } from "../clock.js"
import { milliseconds } from "../layout.js"
import type { Step } from "./step.js"

export const releasing: Step = {
  title: "A holder releases it, five times",
  explanation: "The watch shows it to those who wait, and the first to write has it: no polling.",
  tell: {
    anywhere: async (stage) => {
      const gaps: Array<number> = []
      for (let round = 0; round < rounds; round++) {
        const holder = stage.holder()
        const told = now()
        stage.process(holder).tell({ type: "release", to: undefined })
        const { at: releasedAt } = await stage.until("releasing", told)
        const next = await stage.until("acquired", releasedAt)
        gaps.push(next.at - releasedAt)
        stage.say("measured", `${milliseconds(next.at - releasedAt)} from ${holder}'s release() to ${next.member}`)
        await stage.until("released", releasedAt)
        stage.process(holder).tell({ type: "run" })
        // Whoever has just begun to wait gets its watch first.
        await sleep(400)
      }
      const sorted = Arr.sort(gaps, Order.number)
      const [best = NaN, , median = NaN, , worst = NaN] = sorted
      return [{
        what: "release → next holder",
        value: `${milliseconds(median)} (${best.toFixed(0)}–${worst.toFixed(0)})`,
        expected: "milliseconds, once warm"
      }]
    }
  }
}

const rounds = 5
