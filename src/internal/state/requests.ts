import * as Effect from "effect/Effect"
import type { KubeApi } from "../../KubeApi.js"
import { Transient } from "../../KubeError.js"
import type { LeaseDraft, LeasePatch, LeaseRef, Preconditions, ServerVersion } from "../../LeaseObject.js"
import { now } from "../base/clocks.js"
import type { KubeCall } from "../base/kubeCall.js"
import { cannot } from "../base/kubeCall.js"
import { bounded } from "../base/race.js"
import { noLease } from "../base/refOf.js"
import { createdMillis, writtenMillis } from "../decisions/managedFields.js"
import type { ServerClock } from "./serverClock.js"

/** `KubeApi` with every request bounded in time (R4), and the server's time noted where the body of an answer tells it (T6). */
export class Requests {
  readonly #api: KubeApi["Type"]
  readonly #serverClock: ServerClock
  #version: ServerVersion | undefined

  constructor(api: KubeApi["Type"], serverClock: ServerClock) {
    this.#api = api
    this.#serverClock = serverClock
  }

  get(ref: LeaseRef, limitMillis: number) {
    return this.#send({ operation: "get", ref }, limitMillis, this.#api.getLease(ref))
  }

  create(draft: LeaseDraft, limitMillis: number) {
    return this.#noting(
      createdMillis,
      this.#send({ operation: "create", ref: draft.metadata }, limitMillis, this.#api.createLease(draft))
    )
  }

  /** @param formerStampMillis of the record that is written over */
  patch(ref: LeaseRef, patch: LeasePatch, limitMillis: number, formerStampMillis?: number) {
    return this.#noting(
      (answer) => writtenMillis(formerStampMillis, answer),
      this.#send({ operation: "patch", ref }, limitMillis, this.#api.patchLease(ref, patch))
    )
  }

  dryRun(ref: LeaseRef, limitMillis: number) {
    return this.#noting(
      ({ serverTimeMillis }) => serverTimeMillis,
      this.#send({ operation: "dryRun", ref }, limitMillis, this.#api.dryRunLease(ref))
    )
  }

  /** Asked until it is told once. */
  version(limitMillis: number) {
    return Effect.suspend(() =>
      this.#version === undefined
        ? Effect.tap(
          this.#send({ operation: "version", ref: noLease }, limitMillis, this.#api.serverVersion),
          (version) => {
            this.#version = version
          }
        )
        : Effect.succeed(this.#version)
    )
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

  #send<A, E>(call: KubeCall, limitMillis: number, request: Effect.Effect<A, E>) {
    return bounded(limitMillis, () => timedOut(call, limitMillis))(request)
  }

  #noting<A, E>(serverMillisIn: (answer: A) => number | undefined, request: Effect.Effect<A, E>): Effect.Effect<A, E> {
    return Effect.flatMap(now, (sentAt) =>
      Effect.tap(request, (answer) =>
        Effect.map(now, (arrivedAt) => {
          const serverMillis = serverMillisIn(answer)
          if (serverMillis !== undefined) {
            this.#serverClock.observe(serverMillis, sentAt, arrivedAt)
          }
        })))
  }
}

/** What was sent may have happened. */
export const timedOut = (call: KubeCall, limitMillis: number): Transient =>
  new Transient({
    ...call,
    kind: "Timeout",
    message: `${cannot(call)}: no answer within ${Math.round(limitMillis)} ms`
  })
