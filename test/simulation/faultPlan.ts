import type { Operation } from "../../src/KubeError.js"
import type { Dice } from "./dice.js"
import type { Aim, Fault } from "./fault.js"
import { cut, overBy, troubleWith } from "./fault.js"
import type { Stage } from "./stage.js"
import type { Trick } from "./tricks.js"
import { tampering, tricks } from "./tricks.js"

type Draw = (dice: Dice, at: number, stage: Stage) => Fault

/** What keeps the assumptions of the guarantee. */
const lawful = {
  pause: (dice, at, stage) => ({
    kind: "pause",
    at,
    ...oneAimedAt(dice, stage, "holder"),
    millis: dice.chance(0.5) ? dice.between(0.5, 2) * stage.longest : dice.span(10, stage.longest),
    afterOperations: dice.chance(0.3) ? 0 : Math.ceil(dice.span(1, 2000))
  }),
  suspend: (dice, at, stage) => ({
    kind: "suspend",
    at,
    ...oneAimedAt(dice, stage, "holder"),
    millis: dice.between(0.1, 2.5) * stage.longest
  }),
  stepBack: (dice, at, stage) => ({
    kind: "stepWall",
    at,
    ...oneAimedAt(dice, stage, "holder"),
    millis: -dice.span(100, 4 * 3_600_000)
  }),
  stepAhead: (dice, at, stage) => ({
    kind: "stepWall",
    at,
    ...oneAimedAt(dice, stage, dice.pick(["holder", "contender"])),
    millis: dice.span(100, 4 * 3_600_000)
  }),
  rate: (dice, at, stage) => ({
    kind: "rate",
    at,
    node: dice.integer(stage.nodes),
    rate: dice.extreme(stage.slowest, stage.fastest)
  }),
  crash: (dice, at, stage) => ({
    kind: "crash",
    at,
    ...oneAimedAt(dice, stage, "holder"),
    downMillis: dice.span(10, 2 * stage.longest),
    isRenamed: dice.chance(0.5)
  }),
  upgrade: (dice, at, stage) => ({
    kind: "upgrade",
    at,
    ...oneAimedAt(dice, stage, "holder"),
    downMillis: dice.span(10, 5000),
    variant: dice.integer(3)
  }),
  idle: (dice, at, stage) => ({
    kind: "idle",
    at,
    ...oneAimedAt(dice, stage, "holder"),
    millis: dice.span(100, 3 * stage.longest)
  }),
  cut: (dice, at, stage) =>
    ({
      ...cut(
        { at, ...someOrAll(dice, stage) },
        dice.between(0.1, 2.5) * stage.longest,
        dice.pick([{ loseRequest: 1 }, { loseRequest: 1 }, { loseAnswer: 1 }, { refuse: 1 }])
      ),
      ...(dice.chance(0.5) ? { aim: "holder" } : {})
    }) as Fault,
  lossy: (dice, at, stage) => ({
    kind: "link",
    at,
    ...someOrAll(dice, stage),
    millis: dice.span(1000, 4 * stage.longest),
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
    millis: dice.span(1000, 4 * stage.longest),
    trouble: troubleWith({ delay: dice.between(0.2, 1), mostDelayMillis: dice.span(20, 2 * stage.longest) })
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
    millis: dice.span(100, 2 * stage.longest),
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
  /** E2 says nothing: a webhook that knows no dry runs, a Role without the verb, an unknown version. */
  undated: (dice, at, stage) => ({
    kind: "forbid",
    at,
    ...someOrAll(dice, stage),
    millis: dice.span(100, 4 * stage.longest),
    operations: dice.pick<ReadonlyArray<Operation>>([["dryRun"], ["version"], ["dryRun", "version"]]),
    status: dice.pick([400, 403])
  }),
  version: (dice, at, stage) => ({
    kind: "version",
    at,
    ...someOrAll(dice, stage),
    millis: dice.span(100, 4 * stage.longest),
    how: dice.pick(["unknown", "older"])
  }),
  stepServer: (dice, at, stage) => ({
    kind: "stepServer",
    at,
    replica: dice.integer(stage.replicas),
    aheadMillis: dice.extreme(0, stage.maxClockSkew)
  }),
  slowServer: (dice, at, stage) => ({
    kind: "slowServer",
    at,
    millis: dice.between(0.5, 4) * stage.longest,
    least: dice.pick([500, 2000, 2000, 5000]),
    most: dice.between(5000, 10_000)
  }),
  deadSockets: (dice, at, stage) => ({ kind: "deadSockets", at, ...oneAimedAt(dice, stage, "holder") }),
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
    millis: dice.span(1000, 4 * stage.longest),
    lateMillis: dice.chance(0.5) ? Number.POSITIVE_INFINITY : dice.span(10, 2 * stage.longest)
  })
} satisfies Record<string, Draw>

/** What breaks one, after which everything but the one holder remains to be checked. */
const unlawful = {
  tamper: (dice, at, stage) =>
    dice.chance(0.6)
      ? ambush(tampering(dice, stage), dice, at, stage)
      : { kind: "tamper", at, how: dice.pick(["delete", "clear", "shorten", "rename", "renewTime"]) },
  namesake: (dice, at, stage) => ({ kind: "namesake", at, ...oneAimedAt(dice, stage, "holder") })
} satisfies Record<string, Draw>

/** Each history has a few kinds of fault only: what hides behind one is found where that one is missing. */
export const drawFaults = (dice: Dice, stage: Stage): ReadonlyArray<Fault> => {
  const scattered = someOf(lawful, dice, dice.integer(6)).filter(([kind], _, all) =>
    // On a machine that was suspended and whose wall clock has stepped back, no clock tells of the time passed (a).
    kind !== "stepBack" || !all.some(([other]) => other === "suspend")
  )
  const aimed = someOf(tricks, dice, 1 + dice.integer(4))
  const broken = dice.chance(0.2) ? dice.pick([unlawful.tamper, unlawful.tamper, unlawful.namesake]) : undefined
  const draw = (own: Dice, at: number): Fault | undefined => {
    // What breaks an assumption is rare, or nothing else would happen.
    if (broken !== undefined && own.chance(0.08)) {
      return broken(own, at, stage)
    }
    const [, trick] = own.chance(0.6) ? aimed[own.integer(aimed.length)] ?? [] : []
    const [, other] = scattered[own.integer(scattered.length)] ?? []
    return trick === undefined ? other?.(own, at, stage) : ambush(trick(own, stage), own, at, stage)
  }
  const faults: Array<Fault> = []
  const meanPause = dice.span(0.3, 2) * stage.longest
  for (let at = dice.between(0, meanPause); at < stage.quietAt; at += dice.between(0, 2 * meanPause)) {
    const fault = draw(dice.fork(`fault ${faults.length}`), at)
    if (fault !== undefined) {
      faults.push(overBy(fault, stage.quietAt))
    }
  }
  return faults
}

/** So many of them, with their names. */
const someOf = <A>(
  kinds: Readonly<Record<string, A>>,
  dice: Dice,
  many: number
): ReadonlyArray<readonly [string, A]> => {
  const left = Object.entries(kinds)
  return Array.from({ length: many }, () => left.splice(dice.integer(left.length), 1)).flat()
}

const ambush = (trick: Trick, dice: Dice, at: number, stage: Stage): Fault => ({
  kind: "ambush",
  at,
  node: dice.integer(stage.nodes),
  millis: 2 * stage.longest,
  ...trick
})

const oneAimedAt = (dice: Dice, { nodes }: Stage, aim: Aim): { readonly node: number; readonly aim?: Aim } => ({
  node: dice.integer(nodes),
  ...(dice.chance(0.6) ? { aim } : {})
})

const someOrAll = (dice: Dice, { nodes }: Stage): { readonly node?: number } =>
  dice.chance(0.3) ? {} : { node: dice.integer(nodes) }
