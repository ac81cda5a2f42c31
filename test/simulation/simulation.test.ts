import { assert, describe, it } from "@effect/vitest"
import { drawPlan } from "./plan.js"
import { report } from "./report.js"
import { regressions } from "./seeds.js"
import { simulate } from "./simulation.js"

/** Of CPU, for random seeds, which a failure of `npm test` must not depend on. */
const seconds = Number(process.env["SIMULATION_SECONDS"] ?? 0)

const fixed = [1, 3]

const holdsUp = (seed: number): void => {
  const outcome = simulate(drawPlan(seed))
  if (outcome.findings.length > 0) {
    assert.fail(report(outcome))
  }
}

const cpuSeconds = (): number => process.cpuUsage().user / 1e6

describe("whatever happens, one holder (T1-X5)", { timeout: 120_000 + 20_000 * seconds }, () => {
  it("a seed that has failed once stays mended", () => regressions.forEach(holdsUp))

  it("fixed seeds", () => fixed.forEach(holdsUp))

  it("the same seed gives the same history", () => {
    const told = () => simulate(drawPlan(7, { minutes: 2 }), { isTold: true }).timeline
    assert.deepStrictEqual(told(), told())
  })

  it("a history that is told is the one that is not", () => {
    const { faults, instants, requests, terms } = simulate(drawPlan(7, { minutes: 2 }))
    const told = simulate(drawPlan(7, { minutes: 2 }), { isTold: true })
    assert.deepStrictEqual([faults, instants, requests, terms], [told.faults, told.instants, told.requests, told.terms])
  })

  it.runIf(seconds > 0)(`random seeds for ${seconds} s`, () => {
    const until = cpuSeconds() + seconds
    for (let seed = Math.floor(Math.random() * 2 ** 31); cpuSeconds() < until; seed++) {
      holdsUp(seed)
    }
  })
})
