import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Predicate from "effect/Predicate"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { cannot } from "../../internal/base/kubeCall.js"
import { asTransient } from "../../internal/http/asTransient.js"
import { failureFromAnswer } from "../../internal/http/failure.js"
import * as Status from "../../internal/memory/status.js"
import type { KubeApi } from "../../KubeApi.js"
import type { CredentialsError, KubeError } from "../../KubeError.js"
import { Transient } from "../../KubeError.js"
import type { Observed } from "../../LeaseObject.js"
import { draftToJson, patchToJson } from "../../LeaseObject.js"
import { Behaviour } from "../Behaviour.js"
import type { Call } from "../Fault.js"

import { anyLease, noLease, refOf } from "../../internal/base/refOf.js"
import type { FaultPlan } from "./faultPlan.js"

export interface FaultyKubeApi {
  readonly api: KubeApi["Type"]
  readonly cutWatches: (as: "end" | "Reset") => Effect.Effect<void>
  readonly calls: Effect.Effect<ReadonlyArray<Call>>
}

const mostCalls = 10_000

export const make = (
  api: KubeApi["Type"],
  plan: FaultPlan<Behaviour>
): Effect.Effect<FaultyKubeApi, never, Scope.Scope> =>
  Effect.map(Effect.scope, (scope) => {
    const calls: Array<Call> = []
    const openWatches = new Set<Deferred.Deferred<"end" | "Reset">>()

    const claim = (call: Call) =>
      Effect.suspend(() => {
        if (calls.push(call) > 2 * mostCalls) {
          calls.splice(0, mostCalls)
        }
        return plan.claim(call, { only: (behaviour) => !silences(behaviour), isLast: leavesNothing })
      })

    const request = <A, E>(
      call: Call,
      effect: Effect.Effect<A, E>,
      redate: (answer: A, date: ChangeDate) => A
    ): Effect.Effect<A, E | AnswerError> =>
      Effect.flatMap(claim(call), (behaviours) =>
        behaviours.reduceRight<Effect.Effect<A, E | AnswerError>>(
          (inner, behaviour) => befallen(call, behaviour, inner, redate, scope),
          effect
        ))

    const watch = (call: Call, events: WatchStream): WatchStream =>
      Stream.unwrapScoped(Effect.gen(function*() {
        const cut = yield* Effect.acquireRelease(
          Effect.tap(Deferred.make<"end" | "Reset">(), (deferred) => Effect.sync(() => openWatches.add(deferred))),
          (deferred) => Effect.sync(() => openWatches.delete(deferred))
        )
        const behaviours = yield* claim(call)
        const opened = events.pipe(
          Stream.mapEffect((event) =>
            Effect.flatMap(
              plan.claim(call, { only: silences, isLast: () => true }),
              (silenced) => silenced.length > 0 ? Effect.never : Effect.succeed(event)
            )
          )
        )
        const kept = behaviours.reduceRight((inner, behaviour) => befallenWatch(call, behaviour, inner), opened)
        return Stream.interruptWhen(
          kept,
          Effect.flatMap(
            Deferred.await(cut),
            (as) => as === "Reset" ? Effect.fail(noAnswer(call, "Reset")) : Effect.void
          )
        )
      }))

    return {
      api: {
        getLease: (ref) =>
          request({ operation: "get", ref, body: undefined }, api.getLease(ref), redateObserved).pipe(
            Effect.catchTag("Conflict", asTransient)
          ),
        createLease: (draft) =>
          Effect.suspend(() =>
            request(
              { operation: "create", ref: draft.metadata, body: draftToJson(draft) },
              api.createLease(draft),
              redateObserved
            )
          ),
        patchLease: (ref, patch) =>
          Effect.suspend(() =>
            request({ operation: "patch", ref, body: patchToJson(patch) }, api.patchLease(ref, patch), redateObserved)
          ),
        deleteLease: (ref, preconditions) =>
          request(
            { operation: "delete", ref, body: { kind: "DeleteOptions", apiVersion: "v1", preconditions } },
            api.deleteLease(ref, preconditions),
            () => undefined
          ),
        watchLease: (ref, options) => watch({ operation: "watch", ref, body: undefined }, api.watchLease(ref, options)),
        watchNamespace: (namespace, options) =>
          watch(
            { operation: "watch", ref: anyLease(namespace), body: undefined },
            api.watchNamespace(namespace, options)
          ),
        dryRunLease: (ref) =>
          request({ operation: "dryRun", ref, body: undefined }, api.dryRunLease(ref), redateObserved).pipe(
            Effect.catchTag("Conflict", asTransient)
          ),
        serverVersion: request(
          { operation: "version", ref: noLease, body: undefined },
          api.serverVersion,
          (version) => version
        ).pipe(Effect.catchTags({ NotFound: asTransient, Conflict: asTransient }))
      },
      cutWatches: (as) =>
        Effect.suspend(() => Effect.forEach([...openWatches], Deferred.succeed(as), { discard: true })),
      calls: Effect.sync(() => calls.slice(-mostCalls))
    }
  })

type AnswerError = Exclude<KubeError, CredentialsError>
type WatchStream = ReturnType<KubeApi["Type"]["watchLease"]>

const silences = Behaviour.$is("WatchSilent")

/** After these no other behaviour could show. */
const leavesNothing = Predicate.some([
  Behaviour.$is("Unsent"),
  Behaviour.$is("AnswerLost"),
  Behaviour.$is("Hanging"),
  Behaviour.$is("Refused"),
  Behaviour.$is("WatchCut")
])

const befallen = <A, E>(
  call: Call,
  behaviour: Behaviour,
  inner: Effect.Effect<A, E>,
  redate: (answer: A, date: ChangeDate) => A,
  scope: Scope.Scope
): Effect.Effect<A, E | AnswerError> =>
  Behaviour.$match(behaviour, {
    Unsent: ({ kind }): Effect.Effect<A, E | AnswerError> => Effect.fail(noAnswer(call, kind)),
    AnswerLost: ({ kind }) => Effect.zipRight(Effect.exit(inner), Effect.fail(noAnswer(call, kind))),
    Delayed: ({ by }) => Effect.delay(inner, by),
    LandsLate: ({ by }) =>
      Effect.flatMap(Effect.forkIn(Effect.interruptible(Effect.delay(inner, by)), scope), Fiber.join),
    AnswerDelayed: ({ by }) => Effect.flatMap(Effect.exit(inner), (exit) => Effect.delay(exit, by)),
    Hanging: ({ applied }) => applied ? Effect.zipRight(Effect.exit(inner), Effect.never) : Effect.never,
    Refused: (refused) => Effect.fail(refusal(call, refused)),
    DateShifted: ({ byMillis }) =>
      Effect.map(inner, (answer) => redate(answer, (millis) => millis === undefined ? undefined : millis + byMillis)),
    DateReplaced: ({ millis }) => Effect.map(inner, (answer) => redate(answer, () => millis)),
    WatchCut: () => inner,
    WatchSilent: () => inner
  })

const befallenWatch = (call: Call, behaviour: Behaviour, inner: WatchStream): WatchStream => {
  const opensLate = ({ by }: { readonly by: Duration.Duration }) =>
    Stream.unwrap(Effect.delay(Effect.succeed(inner), by))
  const fails = ({ kind }: { readonly kind: keyof typeof said }) => Stream.fail(noAnswer(call, kind))
  return Behaviour.$match(behaviour, {
    Unsent: (fault): WatchStream => fails(fault),
    AnswerLost: fails,
    Delayed: opensLate,
    LandsLate: opensLate,
    AnswerDelayed: opensLate,
    Hanging: () => Stream.never,
    Refused: (refused) =>
      Stream.catchTags(Stream.fail(refusal(call, refused)), { NotFound: asTransient, Conflict: asTransient }),
    WatchCut: ({ afterEvents, as }) => {
      const shown = Stream.take(inner, afterEvents)
      return as === "end" ? shown : Stream.concat(shown, Stream.fail(noAnswer(call, as)))
    },
    WatchSilent: () => inner,
    DateShifted: () => inner,
    DateReplaced: () => inner
  })
}

const refusal = (
  { operation, ref }: Call,
  { message, reason, retryAfter, status }: Extract<Behaviour, { readonly _tag: "Refused" }>
): AnswerError =>
  failureFromAnswer(operation, refOf(ref), {
    status,
    body: Status.failure({ status, reason, message }).body,
    retryAfter
  })

const said = {
  Connect: "no connection to the API server",
  Timeout: "no answer in time",
  Tls: "the certificate of the API server is not trusted",
  Reset: "the connection was reset"
} as const

const noAnswer = ({ operation, ref }: Call, kind: keyof typeof said): Transient =>
  new Transient({
    operation,
    ref: refOf(ref),
    kind,
    message: `${cannot({ operation, ref })}: ${said[kind]} (a fault injected by a test)`
  })

/** From the `Date` that an answer has to the one that it shall have. */
type ChangeDate = (millis: number | undefined) => number | undefined

const redateObserved = <A extends Observed>(answer: A, date: ChangeDate): A => ({
  ...answer,
  serverDateMillis: date(answer.serverDateMillis)
})
