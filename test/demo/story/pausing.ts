import { now } from "../clock.js"
import { seconds } from "../layout.js"
import { ttlMs } from "../timings.js"
import { demand } from "./step.js"
import type { Step } from "./step.js"

export const pausing: Step = {
  title: "The holder is paused: SIGSTOP",
  explanation:
    "As by a debugger or a suspended machine. No timer runs in it, but awake again it looks at its clocks first.",
  tell: {
    anywhere: async (stage) => {
      const holder = stage.holder()
      const { sentAt } = await stage.until("renewed", now(), (by) => by === holder)
      stage.process(holder).signal("SIGSTOP")
      stage.befall([holder], "paused")
      stage.say("act", `kill -STOP ${stage.process(holder).pid}: ${holder} stands still`)
      const next = await stage.until("acquired", sentAt + 1, (by) => by !== holder)
      const takenAfter = next.at - sentAt
      demand(takenAfter >= ttlMs, `${next.member} took it ${seconds(takenAfter)} after ${holder}'s last renewal`)
      stage.say("act", `kill -CONT: ${holder} wakes up`)
      stage.recover([holder])
      stage.process(holder).signal("SIGCONT")
      await stage.until("lost", next.at, (by) => by === holder)
      await stage.until("running", next.at, (by) => by === holder)
      return [{
        what: "pause: last renewal → next holder",
        value: seconds(takenAfter),
        expected: `never before ${seconds(ttlMs)}`
      }]
    }
  }
}
