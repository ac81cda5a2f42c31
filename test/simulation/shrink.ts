import type { Plan } from "./plan.js"
import type { Outcome } from "./simulation.js"
import { simulate } from "./simulation.js"

/** A shorter history that breaks the same promise: with as few faults and nodes as can be, and as early as can be. */
export const shrink = async ({ findings: [finding], plan: whole }: Outcome): Promise<Plan> => {
  const fails: Fails = async (plan) => (await simulate(plan)).findings.some(({ check }) => check === finding?.check)
  const orLonger = async (shorter: Plan, longer: Plan): Promise<Plan> => await fails(shorter) ? shorter : longer
  let plan = await leaveOutFaults(whole, fails)
  for (const node of whole.nodes.keys()) {
    plan = await orLonger(withoutNode(plan, node), plan)
  }
  for (let earlier = firstFaultAt(plan); earlier > leastShiftMillis; earlier /= 2) {
    plan = await orLonger(movedAhead(plan, earlier), plan)
  }
  return leaveOutFaults(plan, fails)
}

type Fails = (plan: Plan) => Promise<boolean>

const leastShiftMillis = 1000

/** Half of them at a time, then a quarter, and so on. */
const leaveOutFaults = async (whole: Plan, fails: Fails): Promise<Plan> => {
  let plan = whole
  for (let size = Math.ceil(plan.faults.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let from = 0; from < plan.faults.length;) {
      const shorter = { ...plan, faults: [...plan.faults.slice(0, from), ...plan.faults.slice(from + size)] }
      if (await fails(shorter)) {
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
