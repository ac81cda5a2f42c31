import type { Report } from "./protocol.js"
import type { Entry } from "./timeline.js"

/** A member's report as a line of the timeline; `undefined` for what other lines say already. */
export const narrate = (member: string, report: Report): Entry | undefined => {
  switch (report.type) {
    case "running":
      return { at: report.at, member, tone: "quiet", text: "runs for the lease" }
    case "acquired":
      return { at: report.at, member, tone: "good", text: `holds the lease, fencing token ${report.token}` }
    case "renewed":
      return { at: report.at, member, tone: "quiet", text: "renewed" }
    case "releasing":
    case "belief":
      return undefined
    case "released":
      return {
        at: report.at,
        member,
        tone: "quiet",
        text: report.to === undefined ? "has released it" : `has handed it over to ${report.to}`
      }
    case "unreleased":
      return { at: report.at, member, tone: "trouble", text: report.why }
    case "lost":
      return { at: report.at, member, tone: "bad", text: `onLost: ${report.why}` }
    case "refused":
      return { at: report.at, member, tone: "trouble", text: `cannot run for it: ${report.why}` }
    case "logged":
      return report.level === "debug" || saidOtherwise.test(report.message)
        ? undefined
        : {
          at: report.at,
          member,
          tone: report.level === "info" ? "quiet" : "trouble",
          text: report.message
        }
  }
}

const saidOtherwise = /^(Acquired|Released|Handed over)$|no longer holds/
