import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { RequestError } from "../../KubeError.js"
import { monotonicMillisBetween, monotonicNanos } from "../base/clocks.js"
import type { Fibers } from "../base/forkDetached.js"
import { forkDetached } from "../base/forkDetached.js"
import type { Events, Shown, Subscription } from "./notice.js"
import { note, Notice, tell } from "./notice.js"
import type { Sightings } from "./sightings.js"
import { failureOf, isRefusal, versionOf } from "./watchEnd.js"

/** A watch that ends sooner has not been let be: something between here and the server cuts it. */
const shortestLifeMillis = 1000

interface SharedWatchOptions {
  readonly namespace: string
  readonly open: (resourceVersion: string) => Events
  /** Where it begins. */
  readonly resourceVersion: string
  readonly sightings: Sightings
  readonly fibers: Fibers
  readonly onEnd: (isRefused: boolean) => void
}

/** One watch of a namespace, open while anybody waits for one of its leases. */
export class SharedWatch {
  readonly #namespace: string
  readonly #open: (resourceVersion: string) => Events
  readonly #sightings: Sightings
  readonly #fibers: Fibers
  readonly #onEnd: (isRefused: boolean) => void
  readonly #subscribers = new Map<string, Set<Queue.Queue<Notice>>>()
  #resourceVersion: string
  #isOpened = false
  #isOver = false
  #fiber: Fiber.RuntimeFiber<void> | undefined

  constructor({ fibers, namespace, onEnd, open, resourceVersion, sightings }: SharedWatchOptions) {
    this.#namespace = namespace
    this.#open = open
    this.#resourceVersion = resourceVersion
    this.#sightings = sightings
    this.#fibers = fibers
    this.#onEnd = onEnd
  }

  join(name: string, mayHaveMissed: boolean): Effect.Effect<Subscription, never, Scope.Scope> {
    return Effect.gen(this, function*() {
      const notices = yield* Queue.unbounded<Notice>()
      yield* Effect.acquireRelease(
        Effect.sync(() => {
          this.#subscribers.set(name, (this.#subscribers.get(name) ?? new Set()).add(notices))
        }),
        () => this.#leave(name, notices)
      )
      if (this.#isOver) {
        notices.unsafeOffer(Notice.Ended({ exit: Exit.void }))
      }
      yield* this.#ensureOpen
      return { notices, mayHaveMissed, distrust: this.#abandon }
    })
  }

  get #ensureOpen(): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (this.#isOpened || this.#isOver) {
        return Effect.void
      }
      this.#isOpened = true
      return Effect.flatMap(forkDetached(this.#fibers)(this.#watch), (fiber) => {
        this.#fiber = fiber
        // It may have been given up before there was anything to interrupt.
        return this.#isOver ? Fiber.interruptFork(fiber) : this.#closeIfUnused
      })
    }).pipe(Effect.uninterruptible)
  }

  get #closeIfUnused(): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (this.#subscribers.size > 0 || this.#isOver || this.#fiber === undefined) {
        return Effect.void
      }
      this.#isOver = true
      this.#onEnd(false)
      return Fiber.interruptFork(this.#fiber)
    })
  }

  /** Everybody reads, and watches anew. */
  get #abandon(): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.#end(Exit.void)
      return this.#fiber === undefined ? Effect.void : Fiber.interruptFork(this.#fiber)
    })
  }

  #leave(name: string, notices: Queue.Queue<Notice>): Effect.Effect<void> {
    return Effect.suspend(() => {
      const others = this.#subscribers.get(name)
      others?.delete(notices)
      if (others?.size === 0) {
        this.#subscribers.delete(name)
      }
      return this.#closeIfUnused
    })
  }

  /** The server ends a watch after some minutes: from the last version on nothing is missed. */
  get #watch(): Effect.Effect<void> {
    return Effect.gen(this, function*() {
      for (;;) {
        const openedAt = yield* monotonicNanos
        const exit = yield* Effect.exit(tell(this.#remembering, (notice) => this.#tellThoseOf(notice)))
        const livedMillis = monotonicMillisBetween(openedAt, yield* monotonicNanos)
        if (Exit.isFailure(exit) || livedMillis < shortestLifeMillis) {
          return this.#end(exit)
        }
      }
    })
  }

  get #remembering(): Events {
    return Stream.tap(this.#open(this.#resourceVersion), (event) =>
      Effect.sync(() => {
        this.#resourceVersion = versionOf(event)
      }))
  }

  #tellThoseOf(notice: Shown): void {
    const ref = { namespace: this.#namespace, name: notice.lease.metadata.name }
    const subscribers = this.#subscribers.get(ref.name)
    // Nobody waits for this Lease now, but an earlier waiter may come back (W1).
    if (subscribers !== undefined || this.#sightings.knows(ref)) {
      note(this.#sightings, ref, notice)
    }
    subscribers?.forEach((notices) => notices.unsafeOffer(notice))
  }

  #end(exit: Exit.Exit<void, RequestError>): void {
    if (this.#isOver) {
      return
    }
    this.#isOver = true
    const isRefused = Option.exists(failureOf(exit), isRefusal)
    this.#onEnd(isRefused)
    // From now on each waiter watches its own Lease; the server has not failed.
    const told = Notice.Ended({ exit: isRefused ? Exit.void : exit })
    this.#subscribers.forEach((subscribed) => subscribed.forEach((notices) => notices.unsafeOffer(told)))
  }
}
