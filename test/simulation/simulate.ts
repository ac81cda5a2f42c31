/**
 * `npm run simulate -- --seed 1 --seeds 1000 --minutes 15 --nodes 3 --told`: histories from consecutive seeds. The first
 * one that breaks a promise is shrunk and told, and so is any under `--told`.
 */
import { parseArgs } from "node:util"
import { drawPlan } from "./plan.js"
import { report } from "./report.js"
import { simulate } from "./simulation.js"

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    seeds: { type: "string", default: "1" },
    minutes: { type: "string" },
    nodes: { type: "string" },
    failures: { type: "string", default: "1" },
    told: { type: "boolean", default: false },
    brief: { type: "boolean", default: false }
  }
})
const numberOf = (text: string | undefined): number | undefined => text === undefined ? undefined : Number(text)
const first = Number(values.seed)
const seeds = Number(values.seeds)
const size = { minutes: numberOf(values.minutes), nodes: numberOf(values.nodes) }
const mostFailures = Number(values.failures)
const total = { histories: 0, failures: 0, hours: 0, faults: 0, terms: 0, requests: 0, instants: 0, lawful: 0 }

const print = (text: string): void => {
  process.stdout.write(`${text}\n`)
}

const summary = (): string =>
  `${total.histories} histories, ${
    total.hours.toFixed(1)
  } cluster-hours, ${total.faults} faults, ${total.terms} terms, ` +
  `${total.requests} requests, ${total.instants} instants checked, ${total.lawful} within the assumptions; ` +
  `${total.failures} failed; ` +
  `${process.cpuUsage().user / 1e6} s of CPU`

for (let seed = first; seed < first + seeds && total.failures < mostFailures; seed++) {
  const outcome = simulate(drawPlan(seed, size), { isTold: values.told })
  total.histories++
  total.hours += outcome.plan.endsAt / 3_600_000
  total.faults += outcome.faults
  total.instants += outcome.instants
  total.terms += outcome.terms
  total.requests += outcome.requests
  total.lawful += outcome.broken.size === 0 ? 1 : 0
  if (outcome.timeline.length > 0) {
    print(outcome.timeline.join("\n"))
  }
  if (outcome.findings.length > 0) {
    total.failures++
    print(values.brief ? `seed ${seed}: ${outcome.findings[0]?.check}` : report(outcome))
  }
  if (total.histories % 100 === 0) {
    print(summary())
  }
}
print(summary())
process.exitCode = total.failures > 0 ? 1 : 0
