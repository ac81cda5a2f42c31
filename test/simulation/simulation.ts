import { globalValue } from "effect/GlobalValue"
import { follow, strike } from "./faultsAtWork.js"
import type { Assumption, Finding } from "./findings.js"
import { checkGivenBack, checkRemains } from "./givenBack.js"
import { Node } from "./node.js"
import { mostRequestMillis } from "./patience.js"
import type { Plan, SettingsPlan } from "./plan.js"
import { spyOnTerms } from "./termSpy.js"
import { World } from "./world.js"

export interface Outcome {
  readonly plan: Plan
  readonly findings: ReadonlyArray<Finding>
  readonly broken: ReadonlySet<Assumption>
  readonly timeline: ReadonlyArray<string>
  /** At how many instants of virtual time everything was checked. */
  readonly instants: number
  readonly faults: number
  readonly terms: number
  readonly requests: number
}

/** Effect keeps what was forked as a daemon until it ends, which the fibers of crashed processes never do. */
const { roots: globalFibers } = globalValue<{ readonly roots: Set<unknown> }>(
  Symbol.for("effect/FiberScope/Global"),
  () => {
    throw new Error("Effect keeps its global fibers elsewhere")
  }
)

/** How often it is looked whether everything has been given back. */
const lookMillis = 5000

/** How long after the end of the history everything has to be over. */
const endingMillis = 30_000

/** Lets one history happen, up to the first promise that is not kept. */
export const simulate = async (
  plan: Plan,
  options: { readonly isTold: boolean } = { isTold: false }
): Promise<Outcome> => {
  const { stackTraceLimit } = Error
  const { setInterval } = globalThis
  const fibersBefore = new Set(globalFibers)
  const stopSpying = spyOnTerms()
  // With one, `Effect.never` keeps Node alive: those of a process that has crashed would stay for ever.
  globalThis.setInterval = (() => undefined) as unknown as typeof setInterval
  // Most errors here are expected, and their stacks cost more than all the rest of them.
  Error.stackTraceLimit = options.isTold ? stackTraceLimit : 0
  try {
    return await happen(plan, options.isTold)
  } finally {
    Error.stackTraceLimit = stackTraceLimit
    globalThis.setInterval = setInterval
    stopSpying()
    for (const fiber of globalFibers) {
      if (!fibersBefore.has(fiber)) {
        globalFibers.delete(fiber)
      }
    }
  }
}

const happen = async (plan: Plan, isTold: boolean): Promise<Outcome> => {
  const world = new World(plan, isTold)
  const { beliefs, findings, time } = world
  const nodes = plan.nodes.map((node, index) => new Node(world, index, node))
  world.follow = (ambush) => follow(world, nodes, plan, ambush)
  plan.nodes.forEach(({ bootsAt }, index) => time.at(bootsAt, () => nodes[index]?.boot()))
  plan.faults.forEach((fault) => time.at(fault.at, () => strike(world, nodes, plan, fault)))
  time.at(plan.quietAt, () => findings.tell("FAULT", () => "none from here on"))
  const look = (): void => {
    checkGivenBack(world)
    time.after(lookMillis, look)
  }
  time.at(0, look)

  const reportDefect = (error: unknown): void =>
    findings.report("no defect", error instanceof Error ? `${error.message}\n${error.stack}` : String(error))
  process.on("unhandledRejection", reportDefect)
  const bound = longestGap(plan)
  // Those that run once come and go.
  const isAlwaysWanted = plan.nodes.some(({ oneShot }) => oneShot === undefined)
  let instants = 0
  const goOn = async (until: number, check: () => void): Promise<void> => {
    while (findings.found.length === 0 && time.step(until)) {
      instants++
      const settling = world.settle()
      // Waiting for nothing takes time, too.
      if (settling !== undefined) {
        await settling
      }
      beliefs.check()
      check()
    }
  }
  try {
    await goOn(plan.endsAt, () => {
      const gap = time.now - Math.max(plan.quietAt, beliefs.lastHeldAt)
      if (isAlwaysWanted && gap > bound) {
        findings.report("somebody holds", `nobody has held for ${gap.toFixed(0)} ms`)
      }
    })
    const ending = [...world.lives]
    nodes.forEach((node) => node.end())
    await world.settle()
    await goOn(plan.endsAt + endingMillis, () => {})
    if (findings.found.length === 0) {
      checkRemains(world, ending)
    }
  } catch (error) {
    reportDefect(error)
  } finally {
    process.off("unhandledRejection", reportDefect)
    world.forget()
    await new Promise((resolve) => setImmediate(resolve))
  }
  return {
    plan,
    findings: findings.found,
    broken: findings.broken,
    timeline: findings.timeline,
    instants,
    faults: world.faults,
    terms: beliefs.terms,
    requests: world.requests
  }
}

/**
 * The longest time for which nobody may hold once nothing goes wrong any more: the record of a holder that is gone ends by
 * its duration, after a contender has first seen it (one rest) and before it looks again (another). What is under way
 * as the trouble ends may first have to run out: a request of an attempt, which somebody who waits allows more time than
 * `acquireTimeout` (A0), giving back what has come of it, and a `Retry-After`.
 */
const longestGap = ({ faults, nodes, slowest }: Plan): number => {
  const most = (of: (settings: SettingsPlan) => number): number =>
    Math.max(...nodes.flatMap(({ variants }) => variants.map(of)))
  const retryAfterSeconds = faults.map((fault) => fault.kind === "throttle" ? fault.retryAfterSeconds : 0)
  return (
        most(({ ttl }) => Math.ceil(ttl / 1000) * 1000) +
        2 * most(({ renewalInterval }) => renewalInterval) +
        most((settings) => Math.max(settings.acquireTimeout, mostRequestMillis(settings))) +
        most(({ releaseTimeout }) => releaseTimeout) +
        1000 * Math.max(0, ...retryAfterSeconds)
      ) / slowest + 500
}
