import type { Operation } from "../../src/KubeError.js"
import type { Dice } from "./dice.js"
import type { Fault, Trouble } from "./fault.js"
import { endOf } from "./fault.js"

/** What faults are drawn for. */
export interface Stage {
  readonly nodes: number
  readonly longest: number
  readonly slowest: number
  readonly fastest: number
  readonly quietAt: number
  readonly replicas: number
}

type Draw = (dice: Dice, at: number, stage: Stage) => Fault

/** What keeps the assumptions of the guarantee. */
const lawful = {
  pause: (dice, at, stage) => ({
    kind: "pause",
    at,
    node: dice.integer(stage.nodes),
    millis: dice.span(10, 3 * stage.longest),
    afterOperations: dice.chance(0.3) ? 0 : Math.ceil(dice.span(1, 2000))
  }),
  suspend: (dice, at, stage) => ({
    kind: "suspend",
    at,
    node: suspended(dice, stage),
    millis: dice.span(500, 3 * stage.longest)
  }),
  stepWall: (dice, at, stage) => {
    const node = stepped(dice, stage)
    const millis = dice.span(100, 4 * 3_600_000) * (dice.chance(0.5) ? 1 : -1)
    return { kind: "stepWall", at, node, millis }
  },
  rate: (dice, at, stage) => ({
    kind: "rate",
    at,
    node: dice.integer(stage.nodes),
    rate: dice.extreme(stage.slowest, stage.fastest)
  }),
  crash: (dice, at, stage) => ({
    kind: "crash",
    at,
    node: dice.integer(stage.nodes),
    downMillis: dice.span(10, 2 * stage.longest),
    isRenamed: dice.chance(0.5)
  }),
  upgrade: (dice, at, stage) => ({
    kind: "upgrade",
    at,
    node: dice.integer(stage.nodes),
    downMillis: dice.span(10, 5000),
    variant: dice.integer(3)
  }),
  idle: (dice, at, stage) => ({
    kind: "idle",
    at,
    node: dice.integer(stage.nodes),
    millis: dice.span(100, 3 * stage.longest)
  }),
  cut: (dice, at, stage) => ({
    kind: "link",
    at,
    ...someOrAll(dice, stage),
    millis: dice.span(200, 3 * stage.longest),
    trouble: {
      ...none,
      ...(dice.chance(0.5) ? { loseRequest: 1 } : dice.chance(0.5) ? { loseAnswer: 1 } : { refuse: 1 })
    }
  }),
  lossy: (dice, at, stage) => ({
    kind: "link",
    at,
    ...someOrAll(dice, stage),
    millis: dice.span(1000, 6 * stage.longest),
    trouble: {
      loseRequest: dice.between(0, 0.4),
      loseAnswer: dice.between(0, 0.4),
      refuse: dice.between(0, 0.2),
      duplicate: dice.chance(0.5) ? dice.between(0, 0.5) : 0,
      delay: dice.between(0, 0.3),
      mostDelayMillis: dice.span(10, 3 * stage.longest)
    }
  }),
  slow: (dice, at, stage) => ({
    kind: "link",
    at,
    ...someOrAll(dice, stage),
    millis: dice.span(1000, 6 * stage.longest),
    trouble: { ...none, delay: dice.between(0.2, 1), mostDelayMillis: dice.span(20, 2 * stage.longest) }
  }),
  outage: (dice, at, stage) => ({
    kind: "outage",
    at,
    millis: dice.span(100, 2 * stage.longest),
    how: dice.pick(["refuse", "hang", "unavailable"])
  }),
  throttle: (dice, at, stage) => ({
    kind: "throttle",
    at,
    millis: dice.span(100, 3 * stage.longest),
    retryAfterSeconds: dice.pick([0, 1, 1, 5, 60]),
    share: dice.between(0.2, 1)
  }),
  failover: (dice, at, stage) => ({
    kind: "failover",
    at,
    ...someOrAll(dice, stage),
    replica: dice.integer(stage.replicas)
  }),
  forbid: (dice, at, stage) => ({
    kind: "forbid",
    at,
    ...someOrAll(dice, stage),
    millis: dice.span(100, 2 * stage.longest),
    operations: dice.pick<ReadonlyArray<Operation>>([["patch"], ["get"], ["create"], ["delete"], [
      "get",
      "create",
      "patch",
      "delete",
      "watch"
    ], ["watch"]]),
    status: dice.pick([401, 403])
  }),
  webhook: (dice, at, stage) => ({
    kind: "webhook",
    at,
    node: dice.integer(stage.nodes),
    millis: dice.span(1000, 4 * stage.longest),
    changes: dice.pick(["holder", "acquireTime", "transitions", "blank"])
  }),
  label: (_, at) => ({ kind: "label", at }),
  finalizer: (dice, at, stage) => ({ kind: "finalizer", at, millis: dice.span(100, 2 * stage.longest) }),
  otherWrites: (dice, at) => ({ kind: "otherWrites", at, count: Math.ceil(dice.span(1, 100_000)) }),
  compact: (_, at) => ({ kind: "compact", at }),
  endWatches: (_, at) => ({ kind: "endWatches", at }),
  watches: (dice, at, stage) => ({
    kind: "watches",
    at,
    ...someOrAll(dice, stage),
    millis: dice.span(1000, 5 * stage.longest),
    lateMillis: dice.chance(0.5) ? Number.POSITIVE_INFINITY : dice.span(10, 2 * stage.longest)
  })
} satisfies Record<string, Draw>

/** What breaks one, after which tokens and liveness remain to be checked. */
const unlawful = {
  tamper: (dice, at) => ({ kind: "tamper", at, how: dice.pick(["delete", "clear", "shorten", "rename", "renewTime"]) }),
  namesake: (dice, at, stage) => ({ kind: "namesake", at, node: dice.integer(stage.nodes) })
} satisfies Record<string, Draw>

/** Each history has a few kinds of fault only: what hides behind one is found where that one is missing. */
export const drawFaults = (dice: Dice, stage: Stage): ReadonlyArray<Fault> => {
  const share = dice.pick([0.15, 0.3, 0.5])
  const kinds = Object.entries<Draw>(lawful).filter(([kind]) => dice.fork(kind).chance(share)).map(([, draw]) => draw)
  if (dice.chance(0.12)) {
    kinds.push(dice.chance(0.7) ? unlawful.tamper : unlawful.namesake)
  }
  const [first, ...rest] = kinds
  if (first === undefined) {
    return []
  }
  const faults: Array<Fault> = []
  const meanPause = dice.span(2000, 60_000)
  for (let at = dice.between(0, meanPause); at < stage.quietAt; at += dice.between(0, 2 * meanPause)) {
    faults.push(dice.pick([first, ...rest])(dice.fork(`fault ${faults.length}`), at, stage))
  }
  return faults.filter(isAmongFirst).map((fault) => inTime(fault, stage.quietAt))
}

/** What breaks an assumption is rare, or nothing else would happen. */
const isAmongFirst = (fault: Fault, index: number, all: ReadonlyArray<Fault>): boolean =>
  (fault.kind !== "tamper" && fault.kind !== "namesake") ||
  all.slice(0, index).filter(({ kind }) => kind === fault.kind).length < 3

/** A machine that is suspended and whose wall clock steps back has no clock left that tells of the time passed. */
const suspended = (dice: Dice, { nodes }: Stage): number => 2 * dice.integer(Math.ceil(nodes / 2))

const stepped = (dice: Dice, { nodes }: Stage): number => (2 * dice.integer(Math.floor(nodes / 2)) + 1) % nodes

const someOrAll = (dice: Dice, { nodes }: Stage): { readonly node?: number } =>
  dice.chance(0.3) ? {} : { node: dice.integer(nodes) }

const none: Trouble = { loseRequest: 0, loseAnswer: 0, refuse: 0, duplicate: 0, delay: 0, mostDelayMillis: 0 }

const inTime = (fault: Fault, quietAt: number): Fault => {
  const over = endOf(fault) - quietAt
  return over <= 0
    ? fault
    : "downMillis" in fault
    ? { ...fault, downMillis: fault.downMillis - over }
    : "millis" in fault
    ? { ...fault, millis: fault.millis - over }
    : fault
}
