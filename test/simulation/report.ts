import type { Plan } from "./plan.js"
import type { Outcome } from "./simulation.js"
import { simulate } from "./simulation.js"

/** What has gone wrong, how to see it again, and how it came about in the shortest history that was found. */
export const report = async (outcome: Outcome, plan: Plan, lines = 120): Promise<string> => {
  const told = await simulate(plan, { isTold: true })
  return [
    `seed ${plan.seed}: ${outcome.findings.map(({ check, message }) => `${check}: ${message}`).join("; ")}`,
    `again: npm run simulate -- --seed ${plan.seed}`,
    `${plan.faults.length} of ${outcome.plan.faults.length} faults are enough; the end of that history:`,
    ...told.timeline.slice(-lines)
  ].join("\n")
}
