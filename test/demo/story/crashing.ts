import { setTimeout as sleep } from "node:timers/promises"
import { now } from "../clock.js"
import { seconds } from "../layout.js"
import { ttlMs } from "../timings.js"
import { demand } from "./step.js"
import type { Step } from "./step.js"

export const crashing: Step = {
  title: "The holder crashes: SIGKILL",
  explanation:
    `Nobody can tell a dead holder from a slow one, so the others wait out its ttl: ${ttlMs / 1000} s from its ` +
    "last renewal, and not a millisecond less.",
  tell: {
    anywhere: async (stage) => {
      const holder = stage.holder()
      const { at, sentAt } = await stage.until("renewed", now(), (by) => by === holder)
      await sleep(200)
      stage.process(holder).signal("SIGKILL")
      stage.befall([holder], "dead")
      stage.say("act", `kill -9 ${stage.process(holder).pid}: ${holder} is gone`)
      const next = await stage.until("acquired", at)
      const takenAfter = next.at - sentAt
      demand(takenAfter >= ttlMs, `${next.member} took it ${seconds(takenAfter)} after ${holder}'s last renewal`)
      stage.say("measured", `${seconds(takenAfter)} from ${holder}'s last renewal to ${next.member}`)
      stage.say("act", `${holder} is started again`)
      await stage.start(holder)
      await stage.until("running", next.at, (by) => by === holder)
      return [{
        what: "crash: last renewal → next holder",
        value: seconds(takenAfter),
        expected: `never before ${seconds(ttlMs)}`
      }]
    }
  }
}
