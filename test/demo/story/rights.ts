import { setTimeout as sleep } from "node:timers/promises"
import { now } from "../clock.js"
import { seconds } from "../layout.js"
import { renewDeadlineMs, ttlMs } from "../timings.js"
import { demand } from "./step.js"
import type { Step } from "./step.js"

export const rights: Step = {
  title: "Somebody deletes their RoleBinding",
  explanation: "A 403 proves no loss, so the holder goes on up to its deadline; then it gives up and says why.",
  tell: {
    withRights: async (stage, rights) => {
      const holder = stage.holder()
      const { sentAt } = await stage.until("renewed", now(), (by) => by === holder)
      await rights.withdraw()
      stage.befall(stage.members, "no rights")
      stage.say("act", "the rights of all three are gone")
      const lost = await stage.until("lost", sentAt, (by) => by === holder)
      demand(/forbidden/i.test(lost.why), `${holder} did not say that it had no rights: ${lost.why}`)
      await sleep(sentAt + ttlMs + 500 - now())
      demand(
        stage.reports("acquired").every(({ at }) => at < sentAt),
        "somebody took the lease without the right to do so"
      )
      await rights.grant()
      stage.recover(stage.members)
      stage.say("act", "the rights are back")
      const back = now()
      const next = await stage.until("acquired", back)
      stage.say("measured", `${seconds(next.at - back)} from the rights' return to ${next.member}`)
      return [
        {
          what: "no rights: last renewal → onLost",
          value: seconds(lost.at - sentAt),
          expected: `the renew deadline, ${seconds(renewDeadlineMs)}`
        },
        { what: "rights back → next holder", value: seconds(next.at - back), expected: "at most a renewal interval" }
      ]
    }
  }
}
