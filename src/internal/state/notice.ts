import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import type { RequestError } from "../../KubeError.js"
import type { LeaseObject, LeaseRef, WatchEvent } from "../../LeaseObject.js"
import type { Instant } from "../base/clocks.js"
import { now } from "../base/clocks.js"
import type { Sightings } from "./sightings.js"

/** What a watch tells those who wait. */
export type Notice = Data.TaggedEnum<{
  Present: { readonly lease: LeaseObject; readonly arrivedAt: Instant }
  Deleted: { readonly lease: LeaseObject; readonly arrivedAt: Instant }
  /** This watch tells no more. */
  Ended: { readonly exit: Exit.Exit<void, RequestError> }
  /** The waiter's own alarm, unless it has been set to another time since. */
  Due: { readonly dueAtNanos: bigint }
}>

export const Notice = Data.taggedEnum<Notice>()

export type Shown = Exclude<Notice, { readonly _tag: "Ended" | "Due" }>

export interface Subscription {
  readonly notices: Queue.Queue<Notice>
  /** It begins later than was asked for: what the record is now has to be read. */
  readonly mayHaveMissed: boolean
  /** It has been silent where it should have told something: nobody else shall rely on it either. */
  readonly distrust: Effect.Effect<void>
}

export type Events = Stream.Stream<WatchEvent, RequestError>

/** Noted before the waiter reads the notice: an attempt that is under way has to know of it too (W1). */
export const note = (sightings: Sightings, ref: LeaseRef, { _tag, arrivedAt, lease }: Shown): void => {
  if (_tag === "Present") {
    sightings.see(ref, lease, arrivedAt)
  } else {
    sightings.seeDeleted(ref, lease, arrivedAt)
  }
}

export const tell = (events: Events, to: (notice: Shown) => void): Effect.Effect<void, RequestError> =>
  forEach(events, (event) =>
    event._tag === "Bookmark"
      ? Effect.void
      : Effect.map(now, (arrivedAt) =>
        to(
          event._tag === "Present"
            ? Notice.Present({ lease: event.lease, arrivedAt })
            : Notice.Deleted({ lease: withoutDeletion(event.lease), arrivedAt })
        )))

/** A record that is gone no longer waits for finalizers. */
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
