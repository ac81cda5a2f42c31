import * as Cause from "effect/Cause"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { RequestError } from "../../KubeError.js"
import type { LeaseObject, LeaseRef, WatchEvent } from "../../LeaseObject.js"
import type { Instant } from "../base/clocks.js"
import { monotonicMillisBetween, monotonicNanos, now } from "../base/clocks.js"
import type { Fibers } from "../base/forkDetached.js"
import { forkDetached } from "../base/forkDetached.js"
import type { Requests } from "./requests.js"
import type { Sightings } from "./sightings.js"

/** What a watch tells those who wait. */
export type Notice = Data.TaggedEnum<{
  Present: { readonly lease: LeaseObject; readonly arrivedAt: Instant }
  Deleted: { readonly lease: LeaseObject; readonly arrivedAt: Instant }
  /** This watch tells no more. */
  Ended: { readonly exit: Exit.Exit<void, RequestError> }
  /** The time has come that whoever waits has set for itself, if it has not set another one since. */
  Due: { readonly dueAtNanos: bigint }
}>

export const Notice = Data.taggedEnum<Notice>()

type Shown = Exclude<Notice, { readonly _tag: "Ended" | "Due" }>

export interface Subscription {
  readonly notices: Queue.Queue<Notice>
  /** It begins later than was asked for: what the record is now has to be read. */
  readonly mayHaveMissed: boolean
  /** It has been silent where it should have told something: nobody else shall rely on it either. */
  readonly distrust: Effect.Effect<void>
}

/** So many leases of a namespace are watched one by one, which needs no more than rights to these leases. */
const mostWatchesBesideOthers = 8
/** So many where the namespace as a whole may not be watched. */
const mostWatches = 64

/** A watch that ends sooner has not been let be: something between here and the server cuts it. */
const shortestLifeMillis = 1000

type Events = Stream.Stream<WatchEvent, RequestError>

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
class SharedWatch {
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
    // Nobody waits for it now, but whoever has looked at it may do so again (W1).
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
    // Whoever waits watches its own lease from now on; that is no failure of the server.
    const told = Notice.Ended({ exit: isRefused ? Exit.void : exit })
    this.#subscribers.forEach((subscribed) => subscribed.forEach((notices) => notices.unsafeOffer(told)))
  }
}

/** Before whoever waits takes it in: it may be busy with an attempt, which has to know of it as well (W1). */
const note = (sightings: Sightings, ref: LeaseRef, { _tag, arrivedAt, lease }: Shown): void => {
  if (_tag === "Present") {
    sightings.see(ref, lease, arrivedAt)
  } else {
    sightings.seeDeleted(ref, lease, arrivedAt)
  }
}

const tell = (events: Events, to: (notice: Shown) => void): Effect.Effect<void, RequestError> =>
  forEach(events, (event) =>
    event._tag === "Bookmark"
      ? Effect.void
      : Effect.map(now, (arrivedAt) =>
        to(
          event._tag === "Present"
            ? Notice.Present({ lease: event.lease, arrivedAt })
            : Notice.Deleted({ lease: withoutDeletion(event.lease), arrivedAt })
        )))

/** What is gone waits for no finalizers any more. */
const withoutDeletion = (lease: LeaseObject): LeaseObject => ({
  ...lease,
  metadata: { ...lease.metadata, deletionTimestamp: undefined }
})

/** As `Stream.runForEach`, whose end takes three times as many steps: waits open watches and close them all the time. */
const forEach = <A, E>(stream: Stream.Stream<A, E>, use: (element: A) => Effect.Effect<void>): Effect.Effect<void, E> =>
  Effect.scoped(
    Effect.flatMap(
      Stream.toPull(stream),
      (pull) => Effect.forever(Effect.flatMap(pull, (elements) => Effect.forEach(elements, use, { discard: true })))
    )
  ).pipe(
    Effect.catchAll(Option.match({ onNone: () => Effect.void, onSome: (error) => Effect.fail(error) }))
  )

export const failureOf = (exit: Exit.Exit<void, RequestError>): Option.Option<RequestError> =>
  Exit.match(exit, { onFailure: Cause.failureOption, onSuccess: () => Option.none() })

/** From here on the next watch misses nothing. */
export const versionOf = (event: WatchEvent): string =>
  event._tag === "Bookmark" ? event.resourceVersion : event.lease.metadata.resourceVersion

/** The server does not let this client watch (W2). */
export const isRefusal = (error: RequestError): boolean => hasStatus(error, 403, 405, 501)

/** The server does not know any more what happened since the version from which it was asked to watch. */
export const isForgotten = (error: RequestError): boolean => hasStatus(error, 410)

const hasStatus = (error: RequestError, ...statuses: ReadonlyArray<number>): boolean =>
  "status" in error && error.status !== undefined && statuses.includes(error.status)
