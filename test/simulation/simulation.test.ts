import { assert, describe, it } from "@effect/vitest"
import type { Plan } from "./plan.js"
import { drawPlan } from "./plan.js"
import { readRegressions } from "./regressions.js"
import { report } from "./report.js"
import { shrink } from "./shrink.js"
import { simulate } from "./simulation.js"

/** Of CPU, for random seeds; a failure tells its own. */
const seconds = Number(process.env["SIMULATION_SECONDS"] ?? 10)

const fixed = [1, 2, 3, 4, 5]

const holdsUp = async (plan: Plan): Promise<void> => {
  const outcome = await simulate(plan)
  if (outcome.findings.length > 0) {
    assert.fail(await report(outcome, await shrink(outcome)))
  }
}

const cpuSeconds = (): number => process.cpuUsage().user / 1e6

describe("whatever happens, one holder (T1-X5)", { timeout: 120_000 + 20_000 * seconds }, () => {
  for (const { plan, title } of readRegressions()) {
    it(`stays mended: ${title}`, () => holdsUp(plan))
  }

  it("fixed seeds", async () => {
    for (const seed of fixed) {
      await holdsUp(drawPlan(seed))
    }
  })

  it("the same seed gives the same history", async () => {
    const told = async () => (await simulate(drawPlan(7, { minutes: 2 }), { isTold: true })).timeline
    assert.deepStrictEqual(await told(), await told())
  })

  it("a history that is told is the one that is not", async () => {
    const { faults, instants, requests, terms } = await simulate(drawPlan(7, { minutes: 2 }))
    const told = await simulate(drawPlan(7, { minutes: 2 }), { isTold: true })
    assert.deepStrictEqual([faults, instants, requests, terms], [told.faults, told.instants, told.requests, told.terms])
  })

  it(`random seeds for ${seconds} s`, async () => {
    const until = cpuSeconds() + seconds
    for (let seed = Math.floor(Math.random() * 2 ** 31); cpuSeconds() < until; seed++) {
      await holdsUp(drawPlan(seed))
    }
  })
})
