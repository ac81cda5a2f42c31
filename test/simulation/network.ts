import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Stream from "effect/Stream"
import { noLease, refOf } from "../../src/internal/base/refOf.js"
import type { Connection, ConnectionOptions } from "./connection.js"
import type { Dice } from "./dice.js"
import type { Moment, Trouble } from "./fault.js"
import type { Write } from "./ledger.js"
import type { ProxyPlan } from "./plan.js"
import type { Answer, Request, WatchScope } from "./request.js"
import { failure, purposeOf } from "./request.js"
import { openWatch } from "./watching.js"

/** Answers that a user can see within a machine room. */
const usualMillis = { least: 0.2, most: 4 } as const

export const connect = (options: ConnectionOptions): Connection => {
  const { dice, findings, follow, node, process, proxy, sender, serve, spring, time, termsHeld, weather } = options
  const pending = new Set<Write>()
  const watches = new Set<symbol>()
  let sent = 0
  let sentForDates = 0
  let lastTroubleAt = Number.NEGATIVE_INFINITY

  const delayOf = (own: Dice, trouble: Trouble): number => {
    const usual = own.span(usualMillis.least, usualMillis.most)
    return own.chance(trouble.delay) ? usual + own.span(1, 1 + trouble.mostDelayMillis) : usual
  }

  /** As the proxy on the way dates it. */
  const dated = (answer: Answer, own: Dice): Answer =>
    proxy === undefined
      ? answer
      : Exit.map(answer, (value) =>
        value !== undefined && "serverDateMillis" in value
          ? { ...value, serverDateMillis: proxyDate(proxy, value.serverDateMillis, own) }
          : value)

  const send = <A>(request: Request): Effect.Effect<A, never> =>
    Effect.async<never>((resume) => {
      const purpose = purposeOf(request, sender.owner)
      // Counted apart, so that kept histories from before there were such requests mean what they meant.
      const isDating = purpose === "date" || purpose === "version"
      const number = isDating ? sentForDates++ : sent++
      const own = dice.fork(isDating ? `date ${number}` : String(number))
      const trouble = weather.troubleOf(node)
      const write: Write = {
        sender,
        request,
        purpose,
        number,
        sentAt: time.now,
        terms: termsHeld(),
        wasStopped: process.resumedAt === time.now,
        isAnswered: false
      }
      pending.add(write)
      findings.tell(process.name, () => `#${number} ${describe(write)}`)
      if (write.purpose === "renew" && write.terms.length === 0 && !write.wasStopped) {
        findings.report("no request after the deadline", `${process.name} renews without a term`)
      }
      let isAborted = false
      const slowness = weather.slowness(own)
      if (slowness > 0) {
        lastTroubleAt = time.now
      }

      const ambush = spring(write.purpose)
      const blow = ambush?.blow ?? {}
      if (ambush !== undefined) {
        // What an acquire has left has to be given back, whatever has become of its answer (T3).
        if (write.purpose !== "acquire" || blow.againAfterMillis !== undefined) {
          lastTroubleAt = time.now
        }
        findings.tell("FAULT", () => `${process.name} #${number} falls into an ambush: ${JSON.stringify(blow)}`)
      }
      /** With the turn of the sender over, so that what it did in one go stays that. */
      const reach = (moment: Moment): void => {
        if (ambush?.moment === moment) {
          time.after(0, () => follow(ambush))
        }
      }
      const late = (trouble: number, extra = 0): number => weather.inTime(time.now + trouble + extra)

      const deliver = (answer: Answer, afterMillis: number): void => {
        time.at(late(afterMillis, blow.answerLateMillis), () => {
          if (ambush?.moment === "answered") {
            follow(ambush)
          }
          process.post(() => {
            if (pending.delete(write)) {
              write.isAnswered = true
              findings.tell(process.name, () => `#${number} answered: ${describeAnswer(answer)}`)
            }
            // The types of answers are those of the requests that they answer.
            resume(answer as Exit.Exit<never>)
          })
        })
      }

      const arrive = (copies: number): void => {
        if (isAborted && own.chance(0.5)) {
          return
        }
        const refusal = weather.refusal(node, request, own)
        if (refusal === "hang") {
          lastTroubleAt = time.now
          return
        }
        if (refusal !== undefined) {
          lastTroubleAt = time.now
          return deliver(Exit.fail(refusal), delayOf(own, trouble))
        }
        const answer = dated(serve(write), own)
        reach("carriedOut")
        findings.tell("server", () => `${process.name} #${number} ${describe(write)}: ${describeAnswer(answer)}`)
        if (copies > 1) {
          time.at(late(delayOf(own, trouble), blow.againAfterMillis), () => arrive(copies - 1))
        } else if (blow.loses === "answer" || own.chance(trouble.loseAnswer)) {
          lastTroubleAt = blow.loses === "answer" ? lastTroubleAt : time.now
          findings.tell("network", () => `loses the answer to ${process.name} #${number}`)
        } else {
          deliver(answer, delayOf(own, trouble) + slowness / 2)
        }
      }

      if (own.chance(trouble.refuse)) {
        lastTroubleAt = time.now
        deliver(Exit.fail(failure(request, "Connect")), delayOf(own, trouble))
      } else if (blow.loses === "request" || weather.hasDeadSockets(node) || own.chance(trouble.loseRequest)) {
        lastTroubleAt = time.now
        findings.tell("network", () => `loses ${process.name} #${number}`)
      } else {
        const delay = delayOf(own, trouble)
        if (delay > usualMillis.most) {
          lastTroubleAt = time.now
        }
        const copies = blow.againAfterMillis !== undefined || own.chance(trouble.duplicate) ? 2 : 1
        time.at(late(delay + slowness / 2, blow.requestLateMillis), () => arrive(copies))
      }
      reach("sent")
      return Effect.sync(() => {
        isAborted = true
        weather.dropPool(node)
        pending.delete(write)
        findings.tell(process.name, () => `#${number} given up`)
      })
    }) as Effect.Effect<A, never>

  const watchOf = (scope: WatchScope, resourceVersion: string) =>
    Stream.suspend(() => openWatch({ ...options, dice: dice.fork(`watch ${sent++}`) }, watches, scope, resourceVersion))

  return {
    api: {
      getLease: (ref) => Effect.suspend(() => send({ operation: "get", ref })),
      createLease: (draft) => Effect.suspend(() => send({ operation: "create", ref: refOf(draft.metadata), draft })),
      patchLease: (ref, patch) => Effect.suspend(() => send({ operation: "patch", ref, patch })),
      deleteLease: (ref, preconditions) => Effect.suspend(() => send({ operation: "delete", ref, preconditions })),
      watchLease: (ref, { resourceVersion }) => watchOf(ref, resourceVersion),
      watchNamespace: (namespace, { resourceVersion }) => watchOf({ namespace }, resourceVersion),
      dryRunLease: (ref) => Effect.suspend(() => send({ operation: "dryRun", ref })),
      serverVersion: Effect.suspend(() => send({ operation: "version", ref: noLease }))
    },
    pending,
    sent: () => sent,
    openWatches: () => watches.size,
    lastTroubleAt: () => lastTroubleAt
  }
}

const proxyDate = ({ aheadMillis, jumps }: ProxyPlan, serverDateMillis: number | undefined, own: Dice) =>
  aheadMillis === undefined || serverDateMillis === undefined
    ? undefined
    : serverDateMillis + (jumps ? own.between(-aheadMillis, aheadMillis) : aheadMillis)

const describe = ({ purpose, request }: Write): string =>
  request.operation === "patch"
    ? `${purpose} over ${request.patch.resourceVersion}`
    : request.operation === "delete"
    ? `${purpose} ${request.preconditions.resourceVersion}`
    : purpose

const describeAnswer = (answer: Answer): string =>
  Exit.match(answer, {
    onFailure: (cause) => cause._tag === "Fail" ? `${cause.error._tag} ${cause.error.message}` : String(cause),
    onSuccess: (answer) =>
      answer === undefined
        ? "done"
        : "major" in answer
        ? `Kubernetes ${answer.major}.${answer.minor}`
        : `version ${answer.metadata.resourceVersion}, holder ${answer.spec?.holderIdentity || "nobody"}`
  })
