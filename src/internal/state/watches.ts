import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import type { LeaseRef } from "../../LeaseObject.js"
import type { Fibers } from "../base/forkDetached.js"
import type { Subscription } from "./notice.js"
import { note, Notice, tell } from "./notice.js"
import type { Requests } from "./requests.js"
import { SharedWatch } from "./sharedWatch.js"
import type { Sightings } from "./sightings.js"

/** So many leases of a namespace are watched one by one, which needs no more than rights to these leases. */
const mostWatchesBesideOthers = 8
/** So many where the namespace as a whole may not be watched. */
const mostWatches = 64

/** The watches of one service: beyond a few leases of a namespace, those who wait share one watch of all its leases. */
export class Watches {
  readonly #requests: Requests
  readonly #sightings: Sightings
  readonly #fibers: Fibers
  readonly #named = new Map<string, number>()
  readonly #shared = new Map<string, SharedWatch>()
  /** Namespaces that may not be watched as a whole. */
  readonly #refused = new Set<string>()

  constructor(requests: Requests, sightings: Sightings, fibers: Fibers) {
    this.#requests = requests
    this.#sightings = sightings
    this.#fibers = fibers
  }

  /** None if there are too many watches already. */
  subscribe(
    ref: LeaseRef,
    resourceVersion: string
  ): Effect.Effect<Option.Option<Subscription>, never, Scope.Scope> {
    return Effect.suspend(() => {
      const shared = this.#shared.get(ref.namespace)
      if (shared !== undefined) {
        return Effect.asSome(shared.join(ref.name, true))
      }
      const named = this.#named.get(ref.namespace) ?? 0
      if (named < (this.#refused.has(ref.namespace) ? mostWatches : mostWatchesBesideOthers)) {
        return Effect.asSome(this.#watchOne(ref, resourceVersion))
      }
      return this.#refused.has(ref.namespace)
        ? Effect.succeedNone
        : Effect.asSome(this.#share(ref.namespace, resourceVersion).join(ref.name, false))
    })
  }

  #watchOne(ref: LeaseRef, resourceVersion: string): Effect.Effect<Subscription, never, Scope.Scope> {
    const count = (by: number) =>
      Effect.sync(() => void this.#named.set(ref.namespace, (this.#named.get(ref.namespace) ?? 0) + by))
    return Effect.gen(this, function*() {
      const notices = yield* Queue.unbounded<Notice>()
      yield* Effect.acquireRelease(count(1), () => count(-1))
      yield* tell(this.#requests.watch(ref, resourceVersion), (notice) => {
        note(this.#sightings, ref, notice)
        notices.unsafeOffer(notice)
      }).pipe(
        Effect.exit,
        Effect.map((exit) => notices.unsafeOffer(Notice.Ended({ exit }))),
        Effect.interruptible,
        Effect.forkScoped
      )
      return { notices, mayHaveMissed: false, distrust: Effect.void }
    })
  }

  #share(namespace: string, resourceVersion: string): SharedWatch {
    const shared: SharedWatch = new SharedWatch({
      namespace,
      open: (since) => this.#requests.watchNamespace(namespace, since),
      resourceVersion,
      sightings: this.#sightings,
      fibers: this.#fibers,
      onEnd: (isRefused) => {
        // Another may have taken its place already.
        if (this.#shared.get(namespace) === shared) {
          this.#shared.delete(namespace)
        }
        if (isRefused) {
          this.#refused.add(namespace)
        }
      }
    })
    this.#shared.set(namespace, shared)
    return shared
  }
}
