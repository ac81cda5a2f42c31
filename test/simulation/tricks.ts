import type { Dice } from "./dice.js"
import type { Blow, Fault, Moment } from "./fault.js"
import { cut } from "./fault.js"
import type { Purpose } from "./request.js"
import type { Stage } from "./stage.js"

/** An ambush but for where and when it is laid. */
export interface Trick {
  readonly aim?: "holder" | "contender" | undefined
  readonly of: Purpose
  readonly blow: Blow
  readonly moment: Moment
  readonly followedBy: ReadonlyArray<Fault>
}

type DrawTrick = (dice: Dice, stage: Stage) => Trick

type Purposes = readonly [Purpose, ...ReadonlyArray<Purpose>]

/** Mostly something that only a holder sends. */
const ofHolderOr = (dice: Dice, holders: Purposes, contenders: Purposes): Pick<Trick, "aim" | "of"> =>
  dice.chance(0.7) ? { aim: "holder", of: dice.pick(holders) } : { aim: "contender", of: dice.pick(contenders) }

/** A `node` of what follows is that of the sender, and it happens then. */
const thereupon = { at: 0, node: 0 } as const

/** All others know nothing any more. */
const startAnew = (dice: Dice, longest: number): Fault => ({
  ...thereupon,
  kind: "crash",
  aim: "others",
  downMillis: dice.span(10, longest / 2),
  isRenamed: dice.chance(0.5)
})

/**
 * Faults that matter only in one instant of a request, which one that is drawn from all of time seldom meets. Each aims at
 * a rule.
 */
export const tricks: Readonly<Record<string, DrawTrick>> = {
  /** T2, T3: an answer is no evidence of when the server wrote. */
  lateAnswer: (dice, { longest, requestTimeout }) => ({
    ...dice.pick([{ aim: "holder", of: "renew" }, { aim: "contender", of: "acquire" }] as const),
    blow: { answerLateMillis: dice.between(0.5, 0.97) * requestTimeout },
    moment: "answered",
    followedBy: [cut(thereupon, dice.between(1.2, 3) * longest)]
  }),
  /** T3: what an abandoned acquire has left. */
  abandoned: (dice, { longest, requestTimeout }) => ({
    aim: "contender",
    of: "acquire",
    blow: dice.chance(0.6) ? { loses: "answer" } : { requestLateMillis: dice.between(0.1, 1.5) * requestTimeout },
    moment: "sent",
    followedBy: [{ ...thereupon, kind: "idle", millis: dice.between(1, 3) * longest }]
  }),
  /** P3: `release()` in the very microtask in which an acquire settles, or before, or after. */
  releasedJustThen: (dice, { longest }) => ({
    aim: "contender",
    of: dice.pick(["read", "acquire", "acquire"]),
    blow: {},
    moment: "answered",
    followedBy: [{
      ...thereupon,
      kind: "idle",
      millis: dice.span(100, longest / 2),
      afterTurns: dice.integer(60)
    }]
  }),
  /** P5: another instance of the process wants the lease just then. */
  secondJustThen: (dice) => ({
    ...ofHolderOr(dice, ["renew", "clear", "read"], ["read", "acquire", "acquire"]),
    blow: {},
    moment: dice.pick(["sent", "answered", "answered"]),
    followedBy: [{ ...thereupon, kind: "nudge", afterTurns: dice.integer(60) }]
  }),
  /** A3, X2: a write that arrives when the record is another's. */
  lateRequest: (dice, { longest, requestTimeout }) => ({
    ...ofHolderOr(dice, ["clear", "clear", "remove", "remove", "renew", "handOver"], ["acquire"]),
    blow: { requestLateMillis: dice.chance(0.4) ? dice.span(5, requestTimeout) : dice.between(0.8, 2.5) * longest },
    moment: "sent",
    followedBy: dice.chance(0.3)
      ? [{ ...thereupon, kind: "crash", downMillis: dice.span(10, longest), isRenamed: true }]
      : []
  }),
  again: (dice, { longest }) => ({
    ...ofHolderOr(dice, ["clear", "remove", "renew", "handOver"], ["acquire"]),
    blow: { againAfterMillis: dice.span(2, 2 * longest) },
    moment: "sent",
    followedBy: []
  }),
  /** T5, E1: the process stands still while a request is under way. */
  stopped: (dice, { longest }) => ({
    ...ofHolderOr(dice, ["renew", "renew", "clear"], ["acquire", "read"]),
    blow: {},
    moment: dice.pick(["sent", "answered"]),
    followedBy: [{ ...thereupon, kind: "pause", millis: dice.between(0.5, 1.3) * longest, afterOperations: 0 }]
  }),
  /** E1, E2: nobody but the record tells those who are new how old it is. */
  newcomers: (dice, { longest }) => ({
    aim: "holder",
    of: "renew",
    blow: {},
    moment: "answered",
    followedBy: [cut(thereupon, dice.between(1.5, 3) * longest), startAnew(dice, longest)]
  }),
  /** E2: what tells the present is late, lost, or another replica's. */
  lateDate: (dice, { longest, replicas, requestTimeout }) => ({
    aim: "contender",
    of: dice.pick(["date", "date", "version", "read"]),
    blow: dice.pick<Blow>([
      { loses: "answer" },
      { answerLateMillis: dice.between(0.1, 1.5) * requestTimeout },
      { requestLateMillis: dice.span(5, 2 * longest) },
      {}
    ]),
    moment: "answered",
    followedBy: dice.chance(0.5)
      ? [{ ...thereupon, kind: "failover", replica: dice.integer(replicas) }]
      : [{ ...thereupon, kind: "pause", millis: dice.between(0.2, 1.3) * longest, afterOperations: 0 }]
  }),
  /** E2: the first renewal of a term is the last one, and those who are new see what an old server has dated. */
  renewedOnce: (dice, { longest, requestTimeout }) => ({
    aim: "contender",
    of: "acquire",
    blow: dice.chance(0.5) ? { answerLateMillis: dice.between(0.3, 0.95) * requestTimeout } : {},
    moment: "answered",
    followedBy: [{
      ...thereupon,
      kind: "ambush",
      millis: 2 * longest,
      of: "renew",
      blow: {},
      moment: "answered",
      followedBy: [cut(thereupon, dice.between(1.5, 3) * longest), startAnew(dice, longest)]
    }]
  }),
  /** E1: a read that was long on its way there shows what has only just been written. */
  lateRead: (dice, { longest, requestTimeout }) => ({
    aim: "contender",
    of: "read",
    blow: { requestLateMillis: dice.between(0.5, 0.95) * requestTimeout },
    moment: "carriedOut",
    followedBy: [{ ...cut(thereupon, dice.between(1.5, 3) * longest), aim: "holder" }]
  }),
  /** R2: a conflict that means nothing. */
  touched: (dice) => ({
    ...ofHolderOr(dice, ["renew", "renew", "clear", "remove"], ["acquire"]),
    blow: { requestLateMillis: dice.between(2, 50) },
    moment: "sent",
    followedBy: [{ at: 0, kind: "label" }]
  }),
  died: (dice, { longest }) => ({
    ...ofHolderOr(dice, ["renew", "clear", "remove", "handOver"], ["acquire"]),
    blow: {},
    moment: dice.pick(["sent", "carriedOut", "answered"]),
    followedBy: [{ ...thereupon, kind: "crash", downMillis: dice.span(5, 2 * longest), isRenamed: dice.chance(0.5) }]
  }),
  /** E2, T6: the next answer is another replica's. */
  otherReplica: (dice, { replicas }) => ({
    ...ofHolderOr(dice, ["renew"], ["read", "acquire"]),
    blow: {},
    moment: "answered",
    followedBy: [{ ...thereupon, kind: "failover", replica: dice.integer(replicas) }]
  }),
  /** E1: the wall clock of whoever waits. */
  steppedWhileWaiting: (dice, { longest }) => ({
    aim: "contender",
    of: "read",
    blow: {},
    moment: "answered",
    followedBy: [{ ...thereupon, kind: "stepWall", millis: dice.span(longest / 4, 100 * longest) }]
  }),
  /** T3: a webhook changes what whoever has just read is about to write. */
  admitted: (dice, { longest }) => ({
    aim: "contender",
    of: "read",
    blow: {},
    moment: "answered",
    followedBy: [{
      ...thereupon,
      kind: "webhook",
      millis: dice.between(0.1, 2) * longest,
      changes: dice.pick(["blank", "blank", "holder", "acquireTime", "transitions"])
    }]
  }),
  /** X1, X4: the end of a term that its holder cannot tell. */
  unheard: (dice, { longest }) => ({
    ...ofHolderOr(dice, ["clear", "handOver", "remove"], ["read"]),
    blow: { loses: dice.pick(["request", "answer"]) },
    moment: "sent",
    followedBy: dice.chance(0.5) ? [cut(thereupon, dice.span(100, longest))] : []
  })
}

/** Where an assumption is broken all the same (d): what stands is another's while its holder still believes. */
export const tampering: DrawTrick = (dice, { requestTimeout }) =>
  dice.chance(0.6)
    ? {
      aim: "holder",
      of: "renew",
      blow: {},
      moment: "answered",
      followedBy: [{ at: 0, kind: "tamper", how: dice.pick(["delete", "delete", "clear", "rename"]) }]
    }
    // W1: while whoever waits is busy with an attempt.
    : {
      aim: "contender",
      of: "read",
      blow: dice.chance(0.5) ? { loses: "request" } : { requestLateMillis: dice.span(5, requestTimeout) },
      moment: "sent",
      followedBy: [{ at: 0, kind: "tamper", how: "delete" }]
    }
