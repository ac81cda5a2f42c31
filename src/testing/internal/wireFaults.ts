import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Predicate from "effect/Predicate"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { ApiServer } from "../../internal/memory/apiServer.js"
import * as Status from "../../internal/memory/status.js"
import { Behaviour, WireBehaviour } from "../Behaviour.js"
import type { Call } from "../Fault.js"

import type { FaultPlan } from "./faultPlan.js"
import type { Reply } from "./reply.js"
import * as Replies from "./reply.js"
import { NoAnswer } from "./reply.js"

export type AnyBehaviour = Behaviour | WireBehaviour

/** The answer to a request, as the faults that befall it leave it. */
export const befall = (
  plan: FaultPlan<AnyBehaviour>,
  server: ApiServer,
  call: Call,
  answer: Effect.Effect<Reply>
): Effect.Effect<Reply, NoAnswer, Scope.Scope> =>
  Effect.gen(function*() {
    const scope = yield* Effect.scope
    const behaviours = yield* plan.claim(call, { only: Predicate.not(befallsEvents), isLast: leavesNothing })
    const reply = yield* behaviours.reduceRight<Effect.Effect<Reply, NoAnswer>>(
      (inner, behaviour) =>
        isWireBehaviour(behaviour)
          ? befallenOnWire(server, behaviour, inner)
          : befallen(server, behaviour, inner, scope),
      answer
    )
    return call.operation === "watch" && typeof reply.body !== "string"
      ? { ...reply, body: Stream.mapEffect(reply.body, (line) => befallenLine(plan, call, line)) }
      : reply
  })

const isWireBehaviour = Predicate.or(
  Predicate.or(WireBehaviour.$is("ResetMidBody"), WireBehaviour.$is("SlowBody")),
  Predicate.or(WireBehaviour.$is("Answered"), WireBehaviour.$is("WatchLine"))
)

const befallsEvents: Predicate.Predicate<AnyBehaviour> = Predicate.or(
  Behaviour.$is("WatchSilent"),
  WireBehaviour.$is("WatchLine")
)

const leavesNothing: Predicate.Predicate<AnyBehaviour> = Predicate.some([
  Behaviour.$is("Unsent"),
  Behaviour.$is("AnswerLost"),
  Behaviour.$is("Hanging"),
  Behaviour.$is("Refused"),
  Behaviour.$is("WatchCut"),
  WireBehaviour.$is("Answered"),
  WireBehaviour.$is("ResetMidBody")
])

const noAnswer = (kind: string): NoAnswer => new NoAnswer({ as: kind === "Timeout" ? "silence" : "reset" })

const befallen = (
  server: ApiServer,
  behaviour: Behaviour,
  inner: Effect.Effect<Reply, NoAnswer>,
  scope: Scope.Scope
): Effect.Effect<Reply, NoAnswer> =>
  Behaviour.$match(behaviour, {
    Unsent: ({ kind }): Effect.Effect<Reply, NoAnswer> => Effect.fail(noAnswer(kind)),
    AnswerLost: ({ kind }) => Effect.zipRight(Effect.exit(inner), Effect.fail(noAnswer(kind))),
    Delayed: ({ by }) => Effect.delay(inner, by),
    LandsLate: ({ by }) =>
      Effect.flatMap(Effect.forkIn(Effect.interruptible(Effect.delay(inner, by)), scope), Fiber.join),
    AnswerDelayed: ({ by }) => Effect.flatMap(Effect.exit(inner), (exit) => Effect.delay(exit, by)),
    Hanging: ({ applied }) => applied ? Effect.zipRight(Effect.exit(inner), Effect.never) : Effect.never,
    Refused: ({ message, reason, retryAfter, status }) =>
      Effect.map(server.nowMillis, (dateMillis) => {
        const refused = Replies.fromAnswer(Status.failure({ status, reason, message }), dateMillis)
        return retryAfter === undefined ? refused : {
          ...refused,
          headers: { ...refused.headers, "retry-after": String(Math.ceil(Duration.toSeconds(retryAfter))) }
        }
      }),
    DateShifted: ({ byMillis }) =>
      Effect.map(
        inner,
        (reply) => reply.dateMillis === undefined ? reply : { ...reply, dateMillis: reply.dateMillis + byMillis }
      ),
    DateReplaced: ({ millis }) => Effect.map(inner, (reply) => ({ ...reply, dateMillis: millis })),
    WatchCut: ({ afterEvents, as }) =>
      Effect.map(
        inner,
        (reply) => typeof reply.body === "string" ? reply : { ...reply, body: cut(reply.body, afterEvents, as) }
      ),
    WatchSilent: () => inner
  })

const befallenOnWire = (
  server: ApiServer,
  behaviour: WireBehaviour,
  inner: Effect.Effect<Reply, NoAnswer>
): Effect.Effect<Reply, NoAnswer> =>
  WireBehaviour.$match(behaviour, {
    ResetMidBody: ({ afterBytes }) => Effect.map(inner, (reply) => ({ ...reply, resetAfterBytes: afterBytes })),
    SlowBody: (pace) => Effect.map(inner, (reply) => ({ ...reply, pace })),
    Answered: ({ applied, body, headers, padToBytes, status }) =>
      Effect.map(
        Effect.zipRight(applied ? Effect.exit(inner) : Effect.void, server.nowMillis),
        (dateMillis) => ({ status, headers, body, padToBytes, dateMillis })
      ),
    WatchLine: () => inner
  })

const cut = (
  lines: Stream.Stream<string, NoAnswer>,
  afterEvents: number,
  as: "end" | "Reset"
): Stream.Stream<string, NoAnswer> => {
  const shown = Stream.take(lines, afterEvents)
  return as === "end" ? shown : Stream.concat(shown, Stream.fail(noAnswer(as)))
}

const befallenLine = (plan: FaultPlan<AnyBehaviour>, call: Call, line: string): Effect.Effect<string> =>
  Effect.flatMap(plan.claim(call, { only: befallsEvents, isLast: () => true }), ([behaviour]) => {
    if (behaviour === undefined) {
      return Effect.succeed(line)
    }
    return WireBehaviour.$is("WatchLine")(behaviour) ? Effect.succeed(`${behaviour.line}\n`) : Effect.never
  })
