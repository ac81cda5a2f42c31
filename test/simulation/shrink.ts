import type { Check } from "./findings.js"
import type { Plan } from "./plan.js"
import type { Outcome } from "./simulation.js"
import { simulate } from "./simulation.js"

/** A shorter history that breaks the same promise: with as few faults and nodes as can be, and as early as can be. */
export const shrink = (outcome: Outcome): Plan => {
  const check = outcome.findings[0]?.check
  if (check === undefined) {
    return outcome.plan
  }
  let plan = outcome.plan
  const attempt = (shorter: Plan): boolean => {
    const isEnough = stillFails(shorter, check)
    if (isEnough) {
      plan = shorter
    }
    return isEnough
  }
  leaveOutFaults(plan, attempt)
  plan.nodes.forEach((_, node) => attempt(withoutNode(plan, node)))
  for (let earlier = firstFaultAt(plan); earlier > leastShiftMillis; earlier /= 2) {
    attempt(movedAhead(plan, earlier))
  }
  leaveOutFaults(plan, attempt)
  return plan
}

const leastShiftMillis = 1000

/** Half of them at a time, then a quarter, and so on. */
const leaveOutFaults = (whole: Plan, attempt: (shorter: Plan) => boolean): void => {
  let plan = whole
  for (let size = Math.ceil(plan.faults.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let from = 0; from < plan.faults.length;) {
      const shorter = { ...plan, faults: [...plan.faults.slice(0, from), ...plan.faults.slice(from + size)] }
      if (attempt(shorter)) {
        plan = shorter
      } else {
        from += size
      }
    }
  }
}

/** The others keep their numbers. */
const withoutNode = (plan: Plan, node: number): Plan => ({
  ...plan,
  nodes: plan.nodes.map((other, index) => index === node ? { ...other, bootsAt: Number.POSITIVE_INFINITY } : other),
  faults: plan.faults.filter((fault) => !("node" in fault) || fault.node !== node)
})

const firstFaultAt = ({ faults, quietAt }: Plan): number => Math.min(quietAt, ...faults.map(({ at }) => at))

const movedAhead = (plan: Plan, millis: number): Plan => ({
  ...plan,
  faults: plan.faults.map((fault) => ({ ...fault, at: Math.max(0, fault.at - millis) })),
  quietAt: Math.max(0, plan.quietAt - millis),
  endsAt: Math.max(0, plan.endsAt - millis)
})

const stillFails = (plan: Plan, check: Check): boolean =>
  simulate(plan).findings.some((finding) => finding.check === check)
