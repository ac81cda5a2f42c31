import type { Plan } from "./plan.js"
import type { Outcome } from "./simulation.js"
import { simulate } from "./simulation.js"

/** A shorter history that breaks the same promise: with as few faults and nodes as can be, and as early as can be. */
export const shrink = ({ findings: [finding], plan: whole }: Outcome): Plan => {
  const fails: Fails = (plan) => simulate(plan).findings.some(({ check }) => check === finding?.check)
  const orLonger = (shorter: Plan, longer: Plan): Plan => fails(shorter) ? shorter : longer
  let plan = leaveOutFaults(whole, fails)
  whole.nodes.forEach((_, node) => {
    plan = orLonger(withoutNode(plan, node), plan)
  })
  for (let earlier = firstFaultAt(plan); earlier > leastShiftMillis; earlier /= 2) {
    plan = orLonger(movedAhead(plan, earlier), plan)
  }
  return leaveOutFaults(plan, fails)
}

type Fails = (plan: Plan) => boolean

const leastShiftMillis = 1000

/** Half of them at a time, then a quarter, and so on. */
const leaveOutFaults = (whole: Plan, fails: Fails): Plan => {
  let plan = whole
  for (let size = Math.ceil(plan.faults.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let from = 0; from < plan.faults.length;) {
      const shorter = { ...plan, faults: [...plan.faults.slice(0, from), ...plan.faults.slice(from + size)] }
      if (fails(shorter)) {
        plan = shorter
      } else {
        from += size
      }
    }
  }
  return plan
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
