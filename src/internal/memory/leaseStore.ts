import * as Arr from "effect/Array"
import * as Order from "effect/Order"
import type { Metadata, StoredLease } from "./storedLease.js"
import { storedLease } from "./storedLease.js"
import type { LeaseEvent, Selector, WatchCache } from "./watchCache.js"
import { selects } from "./watchCache.js"

/** What etcd holds: the Leases and one resourceVersion that every change of any of them moves. */
export interface LeaseStore {
  readonly resourceVersion: () => bigint
  readonly advance: (resourceVersion: bigint) => void
  readonly get: (namespace: string, name: string) => StoredLease | undefined
  readonly list: (selector: Selector) => ReadonlyArray<StoredLease>
  /** Returns the Lease with its new resourceVersion. */
  readonly write: (lease: StoredLease) => StoredLease
  readonly remove: (lease: StoredLease) => void
}

export const make = (cache: WatchCache, initialResourceVersion: bigint): LeaseStore => {
  const leases = new Map<string, StoredLease>()
  let present = initialResourceVersion

  const record = (type: LeaseEvent["type"], lease: StoredLease): StoredLease => {
    present += 1n
    const stamped = withResourceVersion(lease, present)
    const key = keyOf(lease.metadata.namespace, lease.metadata.name)
    if (type === "DELETED") {
      leases.delete(key)
    } else {
      leases.set(key, stamped)
    }
    cache.append({ type, resourceVersion: present, lease: stamped })
    return stamped
  }

  return {
    resourceVersion: () => present,
    advance: (resourceVersion) => {
      present = resourceVersion > present ? resourceVersion : present
    },
    get: (namespace, name) => leases.get(keyOf(namespace, name)),
    list: (selector) =>
      Arr.sortWith(
        [...leases.values()].filter((lease) => selects(selector, lease)),
        ({ metadata }) => keyOf(metadata.namespace, metadata.name),
        Order.string
      ),
    write: (lease) =>
      record(leases.has(keyOf(lease.metadata.namespace, lease.metadata.name)) ? "MODIFIED" : "ADDED", lease),
    remove: (lease) => void record("DELETED", lease)
  }
}

const keyOf = (namespace: string, name: string): string => `${namespace}/${name}`

const withResourceVersion = (lease: StoredLease, resourceVersion: bigint): StoredLease => {
  const metadata: Metadata = { ...lease.metadata, resourceVersion: String(resourceVersion) }
  return storedLease(metadata, lease.spec)
}
