/**
 * `npm run simulate -- --seed 1 --seeds 1000 --minutes 15 --nodes 3 --faces effect --told`: histories from consecutive seeds, or for
 * `--seconds` of CPU from a random one on. The first one that breaks a promise is shrunk and told, and so is any under
 * `--told`; `--keep name` makes a regression of it. `--regression title` replays those whose titles contain this.
 */
import { parseArgs } from "node:util"
import { keep } from "./keep.js"
import type { Plan } from "./plan.js"
import { drawPlan } from "./plan.js"
import { readRegressions } from "./regressions.js"
import { report } from "./report.js"
import { shrink } from "./shrink.js"
import type { Outcome } from "./simulation.js"
import { simulate } from "./simulation.js"

const { values } = parseArgs({
  options: {
    seed: { type: "string" },
    seeds: { type: "string" },
    seconds: { type: "string" },
    minutes: { type: "string" },
    nodes: { type: "string" },
    faces: { type: "string" },
    failures: { type: "string", default: "1" },
    keep: { type: "string" },
    regression: { type: "string" },
    told: { type: "boolean", default: false },
    brief: { type: "boolean", default: false }
  }
})
const numberOf = (text: string | undefined): number | undefined => text === undefined ? undefined : Number(text)
const seconds = numberOf(values.seconds)
const first = numberOf(values.seed) ?? (seconds === undefined ? 1 : Math.floor(Math.random() * 2 ** 31))
const seeds = numberOf(values.seeds) ?? (seconds === undefined ? 1 : Number.POSITIVE_INFINITY)
const size = {
  minutes: numberOf(values.minutes),
  nodes: numberOf(values.nodes),
  faces: values.faces === "effect" ? "effect" as const : "both" as const
}
const mostFailures = Number(values.failures)
const total = { histories: 0, failures: 0, hours: 0, faults: 0, terms: 0, requests: 0, instants: 0, lawful: 0 }

const print = (text: string): void => {
  process.stdout.write(`${text}\n`)
}

const cpuSeconds = (): number => process.cpuUsage().user / 1e6

const summary = (): string =>
  `${total.histories} histories${values.regression === undefined ? ` from seed ${first}` : ""}, ${
    total.hours.toFixed(1)
  } cluster-hours, ${total.faults} faults, ` +
  `${total.terms} terms, ${total.requests} requests, ${total.instants} instants checked, ` +
  `${total.lawful} within the assumptions; ${total.failures} failed; ${cpuSeconds().toFixed(1)} s of CPU`

/** Shrinking takes many histories, so it is done once, and not for a line. */
const tellFailure = async (outcome: Outcome): Promise<void> => {
  if (values.brief) {
    print(`seed ${outcome.plan.seed}: ${outcome.findings[0]?.check}`)
    if (values.keep === undefined) {
      return
    }
  }
  const shrunk = await shrink(outcome)
  if (!values.brief) {
    print(await report(outcome, shrunk))
  }
  if (values.keep !== undefined) {
    print(`kept as ${keep(values.keep, outcome.findings[0]?.check, shrunk)}`)
  }
}

const isOver = (): boolean => total.failures >= mostFailures || (seconds !== undefined && cpuSeconds() >= seconds)

const plans = function*(): Generator<Plan> {
  const { regression } = values
  if (regression !== undefined) {
    yield* readRegressions().filter(({ title }) => title.includes(regression)).map(({ plan }) => plan)
    return
  }
  for (let seed = first; seed < first + seeds; seed++) {
    yield drawPlan(seed, size)
  }
}

for (const plan of plans()) {
  if (isOver()) {
    break
  }
  const outcome = await simulate(plan, { isTold: values.told })
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
    await tellFailure(outcome)
  }
  if (total.histories % 100 === 0) {
    print(summary())
  }
}
print(summary())
process.exitCode = total.failures > 0 ? 1 : 0
