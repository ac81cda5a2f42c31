import { setTimeout as sleep } from "node:timers/promises"
import { now } from "../clock.js"
import { seconds } from "../layout.js"
import { renewDeadlineMs } from "../timings.js"
import { demand } from "./step.js"
import type { Step } from "./step.js"

const outageMs = renewDeadlineMs / 2

export const shortOutage: Step = {
  title: "The API server goes away for a while",
  explanation: `Its connections are reset and new ones refused for ${outageMs / 1000} s. The holder has until ` +
    `${renewDeadlineMs / 1000} s after its last renewal, and tries again and again.`,
  tell: {
    onNetwork: async (stage, network) => {
      const holder = stage.holder()
      await stage.until("renewed", now(), (by) => by === holder)
      const from = now()
      stage.say("act", "the API server is gone")
      stage.befall(stage.members, "cut off")
      stage.members.forEach(network.cut)
      await sleep(outageMs)
      await Promise.all(stage.members.map(network.restore))
      stage.recover(stage.members)
      stage.say("act", "the API server is back")
      const back = now()
      const renewed = await stage.until("renewed", back, (by) => by === holder)
      demand(stage.reports("lost").every(({ at }) => at < from), `${holder} lost it in an outage that was short enough`)
      stage.say("measured", `${seconds(back - from)} of outage survived; renewed ${seconds(renewed.at - back)} later`)
      return [{
        what: "outage survived by the holder",
        value: seconds(back - from),
        expected: `up to ${seconds(renewDeadlineMs)} from a renewal`
      }]
    }
  }
}
