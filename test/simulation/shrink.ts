import type { Check } from "./findings.js"
import type { Plan } from "./plan.js"
import type { Outcome } from "./simulation.js"
import { simulate } from "./simulation.js"

/**
 * A shorter history that breaks the same promise: with as few faults as can be. Half of them are left out at a time, then
 * a quarter, and so on.
 */
export const shrink = (outcome: Outcome): Plan => {
  const check = outcome.findings[0]?.check
  if (check === undefined) {
    return outcome.plan
  }
  let plan = outcome.plan
  for (let size = Math.ceil(plan.faults.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let from = 0; from < plan.faults.length;) {
      const shorter = { ...plan, faults: [...plan.faults.slice(0, from), ...plan.faults.slice(from + size)] }
      if (stillFails(shorter, check)) {
        plan = shorter
      } else {
        from += size
      }
    }
  }
  return plan
}

const stillFails = (plan: Plan, check: Check): boolean =>
  simulate(plan).findings.some((finding) => finding.check === check)
