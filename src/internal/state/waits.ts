import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { KubeError } from "../../KubeError.js"
import type { LeaseRef } from "../../LeaseObject.js"
import { log } from "../base/logging.js"
import { refOf } from "../base/refOf.js"
import { Troubles } from "./troubles.js"

/** The state of one waiter. */
export class Wait {
  readonly ref: LeaseRef
  readonly owner: string
  readonly #troubles = new Troubles()
  /** The server lets nobody watch (W2). */
  isWatchRefused = false
  /** The record is older than what the server remembers for watches: the next one begins with what is now. */
  isVersionForgotten = false
  /** Watches in a row that did not last. */
  brokenWatches = 0

  constructor(ref: LeaseRef, owner: string) {
    this.ref = ref
    this.owner = owner
  }

  /** Why the server cannot be asked at present. */
  get trouble(): KubeError | undefined {
    return this.#troubles.latest
  }

  /** Said once for each kind of reason until it is over. */
  fail(error: KubeError): Effect.Effect<void> {
    return Effect.suspend(() =>
      this.#troubles.note(error)
        ? log(Effect.logWarning("Cannot tell whether the lease is free; trying again for as long as is waited", error))
        : Effect.void
    )
  }

  get recover(): Effect.Effect<void> {
    return Effect.suspend(() =>
      this.#troubles.end() ? log(Effect.logInfo("The API server answers again; waiting goes on")) : Effect.void
    )
  }
}

/** Those who wait for leases in one service. */
export class Waits {
  readonly #all = new Set<Wait>()

  get all(): ReadonlyArray<Wait> {
    return [...this.#all]
  }

  /** An attempt of those who wait for a lease under this name has come to trouble, and goes on. */
  fail(ref: LeaseRef, owner: string, error: KubeError): Effect.Effect<void> {
    return Effect.forEach(this.#of(ref, owner), (wait) => wait.fail(error), { discard: true })
  }

  /** What keeps those who wait for a lease under this name from it at present. */
  trouble(ref: LeaseRef, owner: string): KubeError | undefined {
    return this.#of(ref, owner).find(({ trouble }) => trouble !== undefined)?.trouble
  }

  /** Until the scope closes. */
  begin(ref: LeaseRef, owner: string): Effect.Effect<Wait, never, Scope.Scope> {
    return Effect.acquireRelease(
      Effect.sync(() => {
        const wait = new Wait(refOf(ref), owner)
        this.#all.add(wait)
        return wait
      }),
      (wait) => Effect.sync(() => this.#all.delete(wait))
    )
  }

  #of({ name, namespace }: LeaseRef, owner: string): ReadonlyArray<Wait> {
    return this.all.filter((wait) => wait.ref.namespace === namespace && wait.ref.name === name && wait.owner === owner)
  }
}
