import * as Arr from "effect/Array"
import type { StoredLease } from "./storedLease.js"

/** Something that happened to a Lease: at which resourceVersion, and what it looked like then. */
export interface LeaseEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED"
  readonly resourceVersion: bigint
  readonly lease: StoredLease
}

/** Which Leases a list or a watch is about; what is absent does not restrict. */
export interface Selector {
  readonly namespace?: string | undefined
  readonly name?: string | undefined
}

export const selects = ({ name, namespace }: Selector, { metadata }: StoredLease): boolean =>
  (namespace === undefined || namespace === metadata.namespace) && (name === undefined || name === metadata.name)

export interface Watcher {
  readonly event: (event: LeaseEvent) => void
  readonly bookmark: (resourceVersion: bigint) => void
  readonly end: () => void
}

/** The latest events, for watches that resume, and those that watch now. */
export interface WatchCache {
  readonly append: (event: LeaseEvent) => void
  /** What has happened since, oldest first; `undefined` if that is no longer known. */
  readonly since: (resourceVersion: bigint, selector: Selector) => ReadonlyArray<LeaseEvent> | undefined
  /** The oldest resourceVersion from which a watch can resume. */
  readonly oldest: () => bigint
  /** Forgets what happened up to a resourceVersion. */
  readonly compact: (resourceVersion: bigint) => void
  /** Returns what ends the subscription. */
  readonly subscribe: (selector: Selector, watcher: Watcher) => () => void
  readonly bookmarkAll: (resourceVersion: bigint) => void
  readonly endAll: () => void
  /** How many watch now. */
  readonly watching: () => number
}

/** @param capacity how many events to remember at least */
export const make = (capacity: number): WatchCache => {
  let events: Array<LeaseEvent> = []
  let compacted = 0n
  const watchers = new Map<string, Set<Watcher>>()

  const forgetBefore = (index: number) => {
    compacted = events[index - 1]?.resourceVersion ?? compacted
    events = events.slice(index)
  }
  const everyWatcher = () => Arr.flatten(Arr.map([...watchers.values()], Arr.fromIterable))

  return {
    append: (event) => {
      events.push(event)
      if (events.length >= capacity * 2) {
        forgetBefore(events.length - capacity)
      }
      for (const key of keysOf(event.lease)) {
        watchers.get(key)?.forEach((watcher) => watcher.event(event))
      }
    },
    since: (resourceVersion, selector) =>
      resourceVersion < compacted
        ? undefined
        : events.slice(firstAfter(events, resourceVersion)).filter(({ lease }) => selects(selector, lease)),
    oldest: () => compacted,
    compact: (resourceVersion) => {
      forgetBefore(firstAfter(events, resourceVersion))
      compacted = resourceVersion
    },
    subscribe: (selector, watcher) => {
      const key = keyOf(selector)
      const subscribed = watchers.get(key) ?? new Set()
      watchers.set(key, subscribed.add(watcher))
      return () => {
        subscribed.delete(watcher)
        if (subscribed.size === 0) {
          watchers.delete(key)
        }
      }
    },
    bookmarkAll: (resourceVersion) => everyWatcher().forEach((watcher) => watcher.bookmark(resourceVersion)),
    endAll: () => everyWatcher().forEach((watcher) => watcher.end()),
    watching: () => everyWatcher().length
  }
}

/** One entry for each kind of selector, so that an event finds its watchers without asking them all. */
const keysOf = ({ metadata: { name, namespace } }: StoredLease): ReadonlyArray<string> => [
  keyOf({ namespace, name }),
  keyOf({ namespace }),
  keyOf({ name }),
  keyOf({})
]

const keyOf = ({ name, namespace }: Selector): string => `${namespace ?? ""}/${name ?? ""}`

const firstAfter = (events: ReadonlyArray<LeaseEvent>, resourceVersion: bigint): number => {
  let low = 0
  let high = events.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((events[middle]?.resourceVersion ?? 0n) <= resourceVersion) {
      low = middle + 1
    } else {
      high = middle
    }
  }
  return low
}
