import { now } from "../clock.js"
import { milliseconds, seconds } from "../layout.js"
import { renewDeadlineMs, ttlMs } from "../timings.js"
import { demand } from "./step.js"
import type { Step } from "./step.js"

export const longOutage: Step = {
  title: "The holder is cut off for too long",
  explanation: "Its packets vanish; the others' do not. It has to give up before the others may begin.",
  tell: {
    onNetwork: async (stage, network) => {
      const holder = stage.holder()
      const { sentAt } = await stage.until("renewed", now(), (by) => by === holder)
      stage.befall([holder], "cut off")
      network.silence(holder)
      stage.say("act", `nothing gets through to ${holder} any more, nor from it`)
      const lost = await stage.until("lost", sentAt, (by) => by === holder)
      const next = await stage.until("acquired", sentAt + 1)
      demand(lost.at < next.at, `${next.member} held it before ${holder} had been told that it had lost it`)
      demand(next.at - sentAt >= ttlMs, `${next.member} took it ${seconds(next.at - sentAt)} after the last renewal`)
      stage.say("measured", `${milliseconds(next.at - lost.at)} between ${holder}'s onLost and ${next.member}`)
      await network.restore(holder)
      stage.recover([holder])
      stage.say("act", `${holder} is connected again`)
      return [
        {
          what: "cut off: last renewal → onLost",
          value: seconds(lost.at - sentAt),
          expected: `the renew deadline, ${seconds(renewDeadlineMs)}`
        },
        {
          what: "cut off: onLost → next holder",
          value: milliseconds(next.at - lost.at),
          expected: `the rest of the ttl, ${milliseconds(ttlMs - renewDeadlineMs)}`
        }
      ]
    }
  }
}
