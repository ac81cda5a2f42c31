import type { ManagedFieldsTime } from "../../src/internal/memory/managedFields.js"
import { Dice } from "./dice.js"
import type { Fault } from "./fault.js"
import { drawFaults } from "./faultPlan.js"
import type { Interleaving } from "./process.js"

/** What the user of a node does with the lease. */
export interface Habits {
  /** How it gets the lease. */
  readonly style: "try" | "wait" | "withLease" | "campaign"
  /** From one use to the next; no longer than it would be between two renewals. */
  readonly restMillis: number
  /** After how long it gives the lease back by itself; infinite: never. */
  readonly holdMillis: number
  /** What it does then: gives it back, or names a successor (X5). */
  readonly leaves: "release" | "handOver"
  /** How often it does something that needs the lease; infinite: it only listens for the loss. */
  readonly workMillis: number
  /** How long it waits for an acquire. */
  readonly patienceMillis: number
  /** How often it asks the server whether its term stands; infinite: never. */
  readonly verifyMillis: number
}

/** What the user of one instance of the Promise face does with it. */
export interface InstancePlan extends Omit<Habits, "style"> {
  /** How it gets the lease. */
  readonly style: "acquire" | "token" | "wait" | "lead"
  /** How long `acquire` waits for it. */
  readonly acquireWaitMillis: number
  /** How it gives a wait up; anything else only by `release()`. */
  readonly givesUpBy: "release" | "signal"
  /** How often it acquires what it holds (P1); infinite: never. */
  readonly againMillis: number
  /** Over which of its process's engines. */
  readonly engine: number
}

/** The instances in each process of a node, all of one owner. */
export interface PromisePlan {
  readonly engines: number
  readonly instances: readonly [InstancePlan, ...ReadonlyArray<InstancePlan>]
}

/** Durations in milliseconds. */
export interface SettingsPlan {
  readonly ttl: number
  readonly renewDeadline: number
  readonly renewalInterval: number
  readonly requestTimeout: number
  readonly acquireTimeout: number
  readonly releaseTimeout: number
  readonly releaseMode: "delete" | "clear"
  readonly maxClockSkew: number
  readonly acquireRetries: number
}

/** Each run is a new process, which tries once, works a while if it gets the lease, and ends or crashes. */
export interface OneShotPlan {
  /** From the end of a run to the next one. */
  readonly gapMillis: number
  readonly workMillis: number
  /** Of the runs that crash. */
  readonly crashes: number
}

/** A proxy on the way to the API servers, which dates answers by its own clock: this far ahead of theirs, or not at all. */
export interface ProxyPlan {
  readonly aheadMillis: number | undefined
  /** By anything up to that, from answer to answer. */
  readonly jumps: boolean
}

export interface NodePlan {
  readonly rate: number
  readonly wallOffset: number
  readonly interleaving: Interleaving
  /** Before and after upgrades. */
  readonly variants: readonly [SettingsPlan, ...ReadonlyArray<SettingsPlan>]
  readonly habits: Habits
  /** Its users have the Promise face instead of the Effect face. */
  readonly promises?: PromisePlan | undefined
  readonly oneShot?: OneShotPlan | undefined
  /** So many other leases of the namespace are waited for as well, in vain. */
  readonly bystanders?: number | undefined
  readonly fieldManager: string
  readonly proxy?: ProxyPlan | undefined
  readonly replica: number
  /** Never, if infinite. */
  readonly bootsAt: number
}

export interface ServerPlan {
  readonly rate: number
  readonly wallOffset: number
  /** By how much each replica's clock is ahead. */
  readonly replicas: ReadonlyArray<number>
  /** Of every change, as servers since 1.25 do it, or fewer. */
  readonly managedFieldsTime: ManagedFieldsTime
  readonly initialResourceVersion: bigint
}

/** One history, drawn up front: what is left out of it changes nothing else. */
export interface Plan {
  readonly seed: number
  readonly nodes: ReadonlyArray<NodePlan>
  readonly server: ServerPlan
  /** No clock runs slower, and none faster. */
  readonly slowest: number
  readonly fastest: number
  readonly faults: ReadonlyArray<Fault>
  /** From here on nothing goes wrong any more. */
  readonly quietAt: number
  readonly endsAt: number
}

export interface Size {
  /** Default: 26 times the longest ttl, for what can happen counts in ttls; a quarter of an hour on average. */
  readonly minutes?: number | undefined
  readonly nodes?: number | undefined
  /** Default: `"both"`. */
  readonly faces?: "effect" | "both" | undefined
}

type Styles = readonly [Habits["style"], ...ReadonlyArray<Habits["style"]>]

/** Assumption (a) allows 10 % between any two. */
export const mostDrift = 1.1

export const drawPlan = (seed: number, { faces = "both", minutes, nodes }: Size = {}): Plan => {
  const dice = new Dice(seed)
  const slowest = dice.extreme(0.95, 1)
  const fastest = dice.chance(0.8) ? slowest * mostDrift * (1 - 1e-9) : slowest
  const maxClockSkew = dice.pick([1000, 1000, 3000])
  // Clocks as far apart as the guarantee allows, in the direction that hurts: half of the nodes are slow, and their
  // replica of the API server is behind that of the others.
  const isTight = dice.chance(0.4)
  const replicas = isTight ? [0, maxClockSkew] : [0, dice.extreme(0, maxClockSkew), dice.extreme(0, maxClockSkew)]
  const ttl = dice.pick([5000, 10_000, 20_000, 40_000, 60_000, 90_000])
  const isMixed = dice.chance(0.3)
  const count = nodes ?? dice.pick([2, 2, 2, 3, 3, 4])
  const isJumpy = dice.chance(0.3)
  const isBusy = dice.chance(0.4)
  const styles = dice.pick<Styles>([["wait", "wait", "campaign", "withLease", "try"], ["wait"], [
    "campaign",
    "withLease"
  ]])
  const hasPromises = dice.chance(0.35) && faces === "both"
  const hasProxies = dice.chance(0.4)
  const oneShots = dice.pick(["none", "none", "none", "none", "none", "none", "none", "none", "some", "all"])
  const hasBystanders = dice.chance(0.08)
  const isOneShot = (index: number): boolean => oneShots === "all" || (oneShots === "some" && index > 0)
  const drawn = Array.from({ length: count }, (_, index): NodePlan => {
    const own = dice.fork(`node ${index}`)
    const variant = (): SettingsPlan =>
      drawSettings(own, isMixed ? own.pick([10_000, 20_000, 30_000]) : ttl, maxClockSkew, isTight)
    const variants = [variant(), variant(), variant()] as const
    return {
      rate: isTight ? [slowest, fastest][index % 2] ?? slowest : own.extreme(slowest, fastest),
      wallOffset: own.chance(0.5) ? 0 : own.between(-12, 12) * 3_600_000,
      interleaving: {
        isShuffled: own.chance(0.5),
        operationsATurn: isJumpy ? own.pick([100, 200, 500]) : 2048
      },
      variants,
      habits: {
        style: isOneShot(index) ? "try" : own.pick(styles),
        restMillis: Math.min(
          own.span(Math.max(1000, ttl / 6), 20_000),
          ...variants.map(({ renewalInterval }) => renewalInterval)
        ),
        holdMillis: isOneShot(index)
          ? own.span(ttl / 10, ttl)
          : isBusy || own.chance(0.2)
          ? own.span(ttl / 10, 4 * ttl)
          : Number.POSITIVE_INFINITY,
        leaves: own.chance(0.25) ? "handOver" : "release",
        workMillis: own.chance(0.3) ? Number.POSITIVE_INFINITY : own.span(ttl / 10, ttl),
        patienceMillis: !isOneShot(index) && own.chance(0.3) ? own.span(50, 4000) : Number.POSITIVE_INFINITY,
        verifyMillis: own.chance(0.2) ? own.span(ttl / 6, ttl) : Number.POSITIVE_INFINITY
      },
      ...(hasPromises && own.chance(0.8)
        ? { promises: drawPromises(own.fork("promises"), ttl, variants, isBusy, isOneShot(index)) }
        : {}),
      ...(hasProxies && own.chance(0.7) ? { proxy: drawProxy(own.fork("proxy"), ttl) } : {}),
      ...(isOneShot(index)
        ? { oneShot: drawOneShot(own.fork("oneShot"), ttl) }
        : {}),
      ...(hasBystanders ? { bystanders: own.pick([7, 8, 9]) } : {}),
      fieldManager: own.chance(0.8) ? "kubernetes-lease" : `manager-${index}`,
      replica: isTight ? index % 2 : own.integer(replicas.length),
      bootsAt: own.chance(0.5) ? 0 : own.between(0, 20_000)
    }
  })
  const longest = Math.max(...drawn.flatMap(({ variants }) => variants.map(({ ttl }) => ttl)))
  const endsAt = minutes === undefined ? 26 * longest : minutes * 60_000
  const quietAt = Math.max(0, endsAt - 4 * longest - 20_000)
  return {
    seed,
    nodes: drawn,
    server: {
      rate: isTight ? fastest : dice.extreme(slowest, fastest),
      wallOffset: dice.chance(0.5) ? 0 : dice.between(-2, 2) * 3_600_000,
      replicas,
      managedFieldsTime: dice.chance(0.7) ? "everyChange" : "ownershipChange",
      initialResourceVersion: dice.pick([1n, 900n, 9_007_199_254_740_000n])
    },
    slowest,
    fastest,
    faults: drawFaults(dice.fork("faults"), {
      nodes: count,
      longest,
      requestTimeout: Math.min(
        ...drawn.flatMap(({ variants }) =>
          variants.flatMap(({ acquireTimeout, requestTimeout }) => [acquireTimeout, requestTimeout])
        )
      ),
      slowest,
      fastest,
      quietAt,
      replicas: replicas.length,
      maxClockSkew
    }),
    quietAt,
    endsAt
  }
}

const drawOneShot = (dice: Dice, ttl: number): OneShotPlan => ({
  gapMillis: dice.span(0.2, 3) * ttl,
  workMillis: dice.span(0.1, 1) * ttl,
  crashes: dice.pick([0.2, 0.6, 1])
})

const drawProxy = (dice: Dice, ttl: number): ProxyPlan => ({
  aheadMillis: dice.chance(0.2) ? undefined : (dice.chance(0.7) ? 1 : -1) * dice.span(500, 3 * ttl),
  jumps: dice.chance(0.3)
})

const drawPromises = (
  dice: Dice,
  ttl: number,
  variants: ReadonlyArray<SettingsPlan>,
  isBusy: boolean,
  isOneShot: boolean
): PromisePlan => {
  const engines = dice.pick([1, 1, 2])
  const instance = (): InstancePlan => ({
    style: dice.pick(isOneShot ? ["acquire", "token"] : ["acquire", "token", "wait", "wait", "lead"]),
    acquireWaitMillis: isOneShot || dice.chance(0.5) ? 0 : dice.span(100, 2 * ttl),
    givesUpBy: dice.pick(["release", "signal"]),
    againMillis: dice.chance(0.3) ? dice.span(ttl / 10, ttl) : Number.POSITIVE_INFINITY,
    engine: dice.integer(engines),
    restMillis: Math.min(
      dice.span(Math.max(1000, ttl / 6), 20_000),
      ...variants.map(({ renewalInterval }) => renewalInterval)
    ),
    holdMillis: isOneShot || isBusy || dice.chance(0.2) ? dice.span(ttl / 10, 4 * ttl) : Number.POSITIVE_INFINITY,
    leaves: dice.chance(0.25) ? "handOver" : "release",
    workMillis: dice.chance(0.3) ? Number.POSITIVE_INFINITY : dice.span(ttl / 10, ttl),
    patienceMillis: !isOneShot && dice.chance(0.3) ? dice.span(50, 4000) : Number.POSITIVE_INFINITY,
    verifyMillis: dice.chance(0.2) ? dice.span(ttl / 6, ttl) : Number.POSITIVE_INFINITY
  })
  const [first, ...others] = Array.from({ length: isOneShot ? 1 : dice.pick([1, 1, 1, 2, 3]) }, instance)
  return { engines, instances: [first ?? instance(), ...others] }
}

const drawSettings = (dice: Dice, ttl: number, maxClockSkew: number, isTight: boolean): SettingsPlan => {
  const durationMillis = Math.ceil(ttl / 1000) * 1000
  const renewDeadline = !isTight && dice.chance(0.5) ? 0.9 * ttl : Math.floor(durationMillis / mostDrift)
  const renewalInterval = Math.floor(dice.chance(0.6) ? ttl / 3 : dice.between(0.1, 0.6) * ttl)
  const mostRequestTimeout = Math.floor((renewDeadline - renewalInterval) / 2)
  return {
    ttl,
    renewDeadline,
    renewalInterval,
    requestTimeout: Math.max(
      100,
      Math.floor(dice.chance(0.6) ? Math.min(5000, mostRequestTimeout) : dice.between(0.2, 1) * mostRequestTimeout)
    ),
    acquireTimeout: dice.chance(0.7) ? Math.min(4000, ttl) : ttl,
    releaseTimeout: dice.chance(0.7) ? Math.min(4000, ttl / 2) : dice.between(300, 2000),
    releaseMode: dice.pick(["delete", "delete", "clear"]),
    maxClockSkew,
    acquireRetries: dice.pick([3, 3, 0, 8])
  }
}
