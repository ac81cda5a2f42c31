import type { Assumption, Finding } from "./findings.js"
import { strike } from "./faultsAtWork.js"
import { isHeld } from "./ledger.js"
import type { Life } from "./node.js"
import { Node } from "./node.js"
import type { Plan, SettingsPlan } from "./plan.js"
import { spyOnTerms } from "./termSpy.js"
import { World } from "./world.js"

export interface Outcome {
  readonly plan: Plan
  readonly findings: ReadonlyArray<Finding>
  readonly broken: ReadonlySet<Assumption>
  readonly timeline: ReadonlyArray<string>
  readonly steps: number
  readonly terms: number
  readonly requests: number
}

spyOnTerms()

/** How often it is looked whether everything has been given back. */
const lookMillis = 5000

/** How long after the end of the history everything has to be over. */
const endingMillis = 30_000

/** Lets one history happen, up to the first promise that is not kept. */
export const simulate = (plan: Plan, options: { readonly isTold: boolean } = { isTold: false }): Outcome => {
  const world = new World(plan, options.isTold)
  const { beliefs, findings, time } = world
  const nodes = plan.nodes.map((node, index) => new Node(world, index, node))
  plan.nodes.forEach(({ bootsAt }, index) => time.at(bootsAt, () => nodes[index]?.boot()))
  plan.faults.forEach((fault) => time.at(fault.at, () => strike(world, nodes, plan, fault)))
  time.at(plan.quietAt, () => findings.tell("FAULT", () => "none from here on"))
  const look = (): void => {
    checkGivenBack(world)
    time.after(lookMillis, look)
  }
  time.at(0, look)

  const bound = longestGap(plan)
  let steps = 0
  const goOn = (until: number, check: () => void): void => {
    while (findings.found.length === 0 && time.step(until)) {
      steps++
      world.settle()
      beliefs.check()
      check()
    }
  }
  try {
    goOn(plan.endsAt, () => {
      const gap = time.now - Math.max(plan.quietAt, beliefs.lastHeldAt)
      if (gap > bound) {
        findings.report("somebody holds", `nobody has held for ${gap.toFixed(0)} ms`)
      }
    })
    const ending = [...world.lives]
    nodes.forEach((node) => node.end())
    world.settle()
    goOn(plan.endsAt + endingMillis, () => {})
    if (findings.found.length === 0) {
      checkRemains(world, ending)
    }
  } catch (error) {
    findings.report("no defect", error instanceof Error ? `${error.message}\n${error.stack}` : String(error))
  }
  return {
    plan,
    findings: findings.found,
    broken: findings.broken,
    timeline: findings.timeline,
    steps,
    terms: beliefs.terms,
    requests: world.requests
  }
}

/**
 * The longest time for which nobody may hold once nothing goes wrong any more: the record of a holder that is gone ends by
 * its duration, after a contender has first seen it (one poll) and before it looks again (another). What is under way
 * as the trouble ends may first have to run out: an attempt, and giving back what has come of it.
 */
const longestGap = ({ nodes, slowest }: Plan): number => {
  const most = (of: (settings: SettingsPlan) => number): number =>
    Math.max(...nodes.flatMap(({ variants }) => variants.map(of)))
  return (
        most(({ ttl }) => Math.ceil(ttl / 1000) * 1000) +
        2 * most(({ renewalInterval }) => renewalInterval) +
        most(({ acquireTimeout }) => acquireTimeout) +
        most(({ releaseTimeout }) => releaseTimeout)
      ) / slowest + 500
}

/** Nobody else can have a lease that stands in the name of a process which does not know of it (F28). */
const checkGivenBack = ({ beliefs, controlPlane, findings, ledger, lives, time, weather }: World): void => {
  if (findings.broken.size > 0 || !weather.isCalm) {
    return
  }
  const record = controlPlane.record()
  const acquisition = ledger.ownerOf(record)
  if (record === undefined || acquisition === undefined || !isHeld(record)) {
    return
  }
  for (const life of lives) {
    const { idleSince, process } = life
    if (
      life.sender === acquisition.sender && idleSince !== undefined && acquisition.at <= idleSince &&
      process.isRunning && !life.isEnding && process.resumedAt < idleSince &&
      time.now - Math.max(idleSince, life.connection.lastTroubleAt()) > givingBackMillis(life) &&
      life.connection.lastTroubleAt() <= idleSince
    ) {
      findings.report(
        "given back",
        `${process.name} has been idle since ${
          (idleSince / 1000).toFixed(3)
        } s, but the record is its term ${acquisition.token}`
      )
    }
  }
  void beliefs
}

const givingBackMillis = ({ settings }: Life): number =>
  (settings.requestTimeout + settings.releaseTimeout) * 1.1 + 1000

/** In the end nothing is left that would keep a process from exiting (F24), or others from the lease. */
const checkRemains = ({ controlPlane, findings, ledger, serverProcess }: World, lives: ReadonlyArray<Life>): void => {
  for (const { connection, process } of lives) {
    const left = [
      ...process.leftovers(),
      ...(connection.pending.size > 0 ? [`${connection.pending.size} requests`] : []),
      ...(connection.openWatches() > 0 ? [`${connection.openWatches()} watches`] : [])
    ]
    if (left.length > 0) {
      findings.report("nothing remains", `${process.name}: ${left.join(", ")}`)
    }
  }
  const left = serverProcess.leftovers()
  if (left.length > 0) {
    findings.report("nothing remains", `server: ${left.join(", ")}`)
  }
  const record = controlPlane.record()
  const acquisition = ledger.ownerOf(record)
  if (record !== undefined && isHeld(record) && lives.some(({ sender }) => sender === acquisition?.sender)) {
    findings.report("given back", `${acquisition?.sender.name} has ended, but its term ${acquisition?.token} stands`)
  }
}
