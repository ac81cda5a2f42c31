import { now } from "../clock.js"
import { seconds } from "../layout.js"
import { Broken } from "../stage.js"
import { renewalIntervalMs, ttlMs } from "../timings.js"
import type { Step } from "./step.js"

export const acquiring: Step = {
  title: "Three processes run for one lease",
  explanation: `One gets it and renews it every ${renewalIntervalMs / 1000} s (ttl ${
    ttlMs / 1000
  } s); the others watch, and send nothing.`,
  tell: {
    anywhere: async (stage) => {
      stage.say("act", "three Node processes start")
      await Promise.all(stage.members.map((member) => stage.start(member)))
      const first = await Promise.race([stage.until("acquired", 0), stage.until("refused", 0)])
      if (first.type === "refused") {
        throw new Broken(`${first.member} cannot run for the lease: ${first.why}`)
      }
      const { at, member } = first
      await Promise.all(stage.members.map((each) => stage.until("running", 0, (by) => by === each)))
      let last = at
      const intervals: Array<number> = []
      for (let renewals = 0; renewals < 3; renewals++) {
        const renewed = await stage.until("renewed", now(), (by) => by === member)
        intervals.push(renewed.at - last)
        last = renewed.at
      }
      return [{
        what: "renewals, at most apart",
        value: seconds(Math.max(...intervals)),
        expected: `${seconds(renewalIntervalMs)}, a little early`
      }]
    }
  }
}
