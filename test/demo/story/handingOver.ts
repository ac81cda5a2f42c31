import { now } from "../clock.js"
import { milliseconds } from "../layout.js"
import { demand } from "./step.js"
import type { Step } from "./step.js"

export const handingOver: Step = {
  title: "A holder hands it over to a successor of its choice",
  explanation: "release({ to }) writes the successor's name: nobody else can be faster.",
  tell: {
    anywhere: async (stage) => {
      const holder = stage.holder()
      const successor = stage.others(holder)[0]
      const told = now()
      stage.say("act", `${holder}: release({ to: "${successor}" })`)
      stage.process(holder).tell({ type: "release", to: successor })
      const { at: releasedAt } = await stage.until("releasing", told)
      const next = await stage.until("acquired", releasedAt)
      demand(next.member === successor, `${next.member} got what was handed over to ${successor}`)
      stage.say("measured", `${milliseconds(next.at - releasedAt)} from ${holder}'s release() to ${successor}`)
      await stage.until("released", releasedAt)
      stage.process(holder).tell({ type: "run" })
      return [{ what: "hand-over → successor", value: milliseconds(next.at - releasedAt), expected: "milliseconds" }]
    }
  }
}
