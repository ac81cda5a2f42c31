import * as Effect from "effect/Effect"
import type { KubeApi } from "../KubeApi.js"
import { Transient } from "../KubeError.js"
import type { LeaseDraft, LeasePatch, LeaseRef, Observed, Preconditions } from "../LeaseObject.js"
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
    return this.#observed({ operation: "get", ref }, limitMillis, this.#api.getLease(ref))
  }

  create(draft: LeaseDraft, limitMillis: number) {
    return this.#observed({ operation: "create", ref: draft.metadata }, limitMillis, this.#api.createLease(draft))
  }

  patch(ref: LeaseRef, patch: LeasePatch, limitMillis: number) {
    return this.#observed({ operation: "patch", ref }, limitMillis, this.#api.patchLease(ref, patch))
  }

  delete(ref: LeaseRef, preconditions: Preconditions, limitMillis: number) {
    return this.#bounded({ operation: "delete", ref }, limitMillis, this.#api.deleteLease(ref, preconditions))
  }

  #observed<E>(call: KubeCall, limitMillis: number, request: Effect.Effect<Observed, E>) {
    return this.#bounded(call, limitMillis, request).pipe(
      Effect.tap(({ serverDateMillis }) =>
        serverDateMillis === undefined
          ? Effect.void
          : Effect.map(monotonicNanos, (arrived) => this.#serverClock.observe(serverDateMillis, arrived))
      )
    )
  }

  #bounded<A, E>(call: KubeCall, limitMillis: number, request: Effect.Effect<A, E>) {
    return bounded(limitMillis, () => timedOut(call, limitMillis))(request)
  }
}

/** What was sent may have happened. */
export const timedOut = (call: KubeCall, limitMillis: number): Transient =>
  new Transient({
    ...call,
    kind: "Timeout",
    message: `${cannot(call)}: no answer within ${Math.round(limitMillis)} ms`
  })
