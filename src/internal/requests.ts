import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import type { KubeApi } from "../KubeApi.js"
import { Transient } from "../KubeError.js"
import type { LeaseDraft, LeasePatch, LeaseRef, Preconditions } from "../LeaseObject.js"
import { bounded } from "./bounded.js"
import { monotonicNanos } from "./clocks.js"
import type { KubeCall } from "./kubeCall.js"
import { cannot } from "./kubeCall.js"
import type { ServerClock } from "./serverClock.js"

/** `KubeApi` with every request bounded in time (R4) and every `Date` noted (T6). */
export class Requests {
  readonly #api: KubeApi["Type"]
  readonly #serverClock: ServerClock

  constructor(api: KubeApi["Type"], serverClock: ServerClock) {
    this.#api = api
    this.#serverClock = serverClock
  }

  get(ref: LeaseRef, limitMillis: number) {
    return this.#send({ operation: "get", ref }, limitMillis, this.#api.getLease(ref))
  }

  create(draft: LeaseDraft, limitMillis: number) {
    return this.#send({ operation: "create", ref: draft.metadata }, limitMillis, this.#api.createLease(draft))
  }

  patch(ref: LeaseRef, patch: LeasePatch, limitMillis: number) {
    return this.#send({ operation: "patch", ref }, limitMillis, this.#api.patchLease(ref, patch))
  }

  delete(ref: LeaseRef, preconditions: Preconditions, limitMillis: number) {
    return this.#send({ operation: "delete", ref }, limitMillis, this.#api.deleteLease(ref, preconditions))
  }

  /** Open as long as the server keeps it. */
  watch(ref: LeaseRef, resourceVersion: string) {
    return this.#api.watchLease(ref, { resourceVersion })
  }

  watchNamespace(namespace: string, resourceVersion: string) {
    return this.#api.watchNamespace(namespace, { resourceVersion })
  }

  /** A refusal tells the server's time as well as an answer does. */
  #send<A, E>(call: KubeCall, limitMillis: number, request: Effect.Effect<A, E>) {
    return Effect.flatMap(
      monotonicNanos,
      (sentNanos) =>
        bounded(limitMillis, () => timedOut(call, limitMillis))(request).pipe(
          Effect.tapBoth({
            onFailure: (error) => this.#note(error, sentNanos),
            onSuccess: (answer) => this.#note(answer, sentNanos)
          })
        )
    )
  }

  #note(answer: unknown, sentNanos: bigint): Effect.Effect<void> {
    return Effect.map(monotonicNanos, (arrivedNanos) => {
      if (Predicate.hasProperty(answer, "serverDateMillis") && Predicate.isNumber(answer.serverDateMillis)) {
        this.#serverClock.observe(answer.serverDateMillis, sentNanos, arrivedNanos)
      }
    })
  }
}

/** What was sent may have happened. */
export const timedOut = (call: KubeCall, limitMillis: number): Transient =>
  new Transient({
    ...call,
    kind: "Timeout",
    message: `${cannot(call)}: no answer within ${Math.round(limitMillis)} ms`
  })
