import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import type { Conflict, NotFound, RequestError } from "../../KubeError.js"
import { Transient } from "../../KubeError.js"
import type { LeaseObject, LeaseSpec, Observed } from "../../LeaseObject.js"
import { millisBetween, now } from "../base/clocks.js"
import { forkDetached } from "../base/forkDetached.js"
import type { KubeCall } from "../base/kubeCall.js"
import { cannot } from "../base/kubeCall.js"
import { log } from "../base/logging.js"
import type { TermIdentity } from "../decisions/identity.js"
import { identityOf, isTermSent, ownerOf } from "../decisions/identity.js"
import { specStampMillis } from "../decisions/managedFields.js"
import { createSpec, takeSpec } from "../decisions/specs.js"
import type { EngineSettings } from "../settings/engineSettings.js"
import type { Engine } from "../state/engine.js"
import { Term } from "../state/term.js"
import type { Attempt, Attempting } from "./attempting.js"
import { Outcome } from "./attempting.js"
import { paced } from "./paced.js"
import { renewals } from "./renew.js"

/** Creates the Lease, or takes the record, and begins the term if the answer shows this very term in time (T3). */
export const take = (attempting: Attempting, record: Option.Option<LeaseObject>): Attempt =>
  Effect.gen(function*() {
    const { doubtful, engine, options, settings, unsettled } = attempting
    const heldHere = yield* options.claim ?? Effect.succeedNone
    if (Option.isSome(heldHere)) {
      return Outcome.HeldHere({ term: heldHere.value })
    }
    const sentAt = yield* now
    const time = engine.serverClock.timeAt(sentAt)
    const durationSeconds = settings.leaseDurationSeconds
    const spec = Option.match(record, {
      onNone: () => createSpec(settings.owner, durationSeconds, time),
      onSome: (lease) => takeSpec(lease, settings.owner, durationSeconds, time)
    })
    const call: KubeCall = { operation: Option.isNone(record) ? "create" : "patch", ref: settings.ref }
    const sent: TermIdentity = {
      // Of a new Lease the server chooses it.
      uid: Option.getOrUndefined(record)?.metadata.uid,
      owner: settings.owner,
      acquireTime: spec.acquireTime,
      leaseTransitions: spec.leaseTransitions
    }
    unsettled.add(sent)
    const answer = yield* paced(
      attempting,
      "write",
      (limitMillis) => send(engine, settings, record, spec, limitMillis)
    ).pipe(
      Effect.tapError((error) =>
        Effect.suspend(() => {
          if (error._tag !== "Transient") {
            unsettled.delete(sent)
          }
          if (error._tag !== "Conflict") {
            return Effect.void
          }
          doubtful.add(sent)
          return Effect.allowInterrupt
        })
      )
    )
    engine.sightings.forgetDeleted(settings.ref)
    if (!isTermSent(sent, answer)) {
      if (ownerOf(answer) === settings.owner) {
        // As this very write has left it, it is this process's own to give back.
        unsettled.add(identityOf(answer))
      }
      return yield* refuse(
        call,
        "the API server answered with another record than was written; does a webhook change it?"
      )
    }
    const term = new Term({
      settings,
      record: answer,
      renewTime: time,
      isMisdated: !engine.serverClock.agrees(time, sentAt, yield* now, settings.maxClockSkewMillis),
      sentAt,
      metricLabels: yield* Effect.metricLabels
    })
    if (term.remainingMillis(yield* now) === 0) {
      return yield* refuse(call, "the answer came after the renew deadline")
    }
    term.answerMillis = millisBetween(sentAt, yield* now)
    // If the caller has gone, what has landed is given back while this attempt still has the lock.
    yield* Effect.allowInterrupt
    unsettled.clear()
    doubtful.clear()
    yield* engine.terms.add(term)
    const renewal = yield* forkDetached(engine.holding)(renewals(engine, term))
    term.renewal = renewal
    if (term.isEnded) {
      // Before there was anything to stop.
      yield* Fiber.interruptFork(renewal)
    }
    yield* log(Effect.logInfo("Acquired", { token: term.token }))
    return Outcome.Begun({ term })
  })

const send = (
  engine: Engine,
  settings: EngineSettings,
  record: Option.Option<LeaseObject>,
  spec: LeaseSpec,
  limitMillis: number
): Effect.Effect<Observed, RequestError | NotFound | Conflict> => {
  const ref = settings.ref
  return Option.match(record, {
    onNone: () => engine.requests.create({ metadata: { ...ref, labels: settings.labels }, spec }, limitMillis),
    onSome: (lease) =>
      engine.requests.patch(
        ref,
        { resourceVersion: lease.metadata.resourceVersion, spec },
        limitMillis,
        specStampMillis(lease)
      )
  })
}

const refuse = (call: KubeCall, why: string): Transient =>
  new Transient({ ...call, kind: "Decode", message: `${cannot(call)}: ${why}` })
