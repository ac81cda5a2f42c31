import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { KubeApi } from "../../KubeApi.js"
import type { Conflict, NotFound, RequestError } from "../../KubeError.js"
import type { LeaseRef, Preconditions } from "../../LeaseObject.js"
import type { JsonObject } from "./json.js"

/**
 * How the server behaves where servers differ.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** The namespaces that exist. Default: every namespace does. */
  readonly namespaces?: ReadonlyArray<string> | undefined
  /** Under which name `KubeApi` writes, in `managedFields`. Default: `"kubernetes-lease"`. */
  readonly fieldManager?: string | undefined
  /**
   * Of which Kubernetes version it is, in everything in which versions differ. Since 1.25 the `time` of a
   * `managedFields` entry moves with every change by its manager, before only when the set of fields changes that the
   * manager owns. 1.36 keeps `spec.strategy`, which 1.20 drops. Default: `"1.36"`.
   */
  readonly version?: `${number}.${number}` | undefined
  /**
   * Keep fields that a Lease of this version does not have, as a later server may know them; `spec.preferredHolder` is
   * one. Default: `false`; real servers drop them.
   */
  readonly preserveUnknownFields?: boolean | undefined
  /**
   * How a watch from a resourceVersion that has been compacted away is refused: by an ERROR event in an answer of
   * status 200, or by an answer of status 410. `KubeApi` fails alike. Default: `"event"`.
   */
  readonly expiredWatch?: "event" | "status" | undefined
  /** How many events are remembered at least for watches that resume. Default: 10,000. */
  readonly watchCacheSize?: number | undefined
  /** The resourceVersion before the first write. Default: `1n`. */
  readonly initialResourceVersion?: bigint | undefined
}

/**
 * A Lease as the server has it, in JSON. What else there is, is there too.
 *
 * @since 0.1.0
 * @category models
 */
// A type and no interface, so that it is assignable to `JsonObject`.
export type LeaseJson = {
  readonly metadata: {
    readonly name: string
    readonly namespace: string
    readonly uid: string
    readonly resourceVersion: string
    /** RFC 3339, in whole seconds. */
    readonly creationTimestamp: string
    /** Set while finalizers hold up a delete. */
    readonly deletionTimestamp?: string
    readonly labels?: Readonly<Record<string, string>>
    readonly annotations?: Readonly<Record<string, string>>
    readonly finalizers?: ReadonlyArray<string>
    readonly managedFields?: ReadonlyArray<JsonObject>
  }
  readonly spec: {
    readonly holderIdentity?: string
    readonly leaseDurationSeconds?: number
    /** RFC 3339 in UTC, with six fraction digits. */
    readonly acquireTime?: string
    /** RFC 3339 in UTC, with six fraction digits. */
    readonly renewTime?: string
    readonly leaseTransitions?: number
  }
}

/**
 * The same server for a third party: what an administrator does with `kubectl`, another client with its own requests,
 * and etcd by itself. Objects are plain JSON, as on the wire.
 *
 * @since 0.1.0
 * @category services
 */
export class MemoryServer extends Context.Tag("kubernetes-lease/KubeApiMemory/MemoryServer")<MemoryServer, {
  /** A `KubeApi` that writes under another name in `managedFields`, as another program would. */
  readonly kubeApiAs: (fieldManager: string) => KubeApi["Type"]
  /** The Lease with every field. */
  readonly get: (ref: LeaseRef) => Effect.Effect<LeaseJson, NotFound | RequestError>
  /** The Leases of all namespaces. */
  readonly list: Effect.Effect<ReadonlyArray<LeaseJson>>
  /** POSTs a Lease as it is. The field manager is `"kubectl"` unless given. */
  readonly create: (
    namespace: string,
    lease: JsonObject,
    options?: { readonly fieldManager?: string | undefined }
  ) => Effect.Effect<LeaseJson, NotFound | Conflict | RequestError>
  /** Like `kubectl patch --type=merge`: unconditional unless the patch has a `metadata.resourceVersion`. */
  readonly patch: (
    ref: LeaseRef,
    mergePatch: JsonObject,
    options?: { readonly fieldManager?: string | undefined }
  ) => Effect.Effect<LeaseJson, NotFound | Conflict | RequestError>
  /** PUTs a Lease as it is, which makes one where there is none. */
  readonly replace: (
    ref: LeaseRef,
    lease: JsonObject,
    options?: { readonly fieldManager?: string | undefined }
  ) => Effect.Effect<LeaseJson, NotFound | Conflict | RequestError>
  /** Like `kubectl delete`, without a precondition unless given. With finalizers the Lease stays, marked as deleted. */
  readonly delete: (
    ref: LeaseRef,
    preconditions?: Partial<Preconditions>
  ) => Effect.Effect<void, NotFound | Conflict | RequestError>
  /** Needed only where `namespaces` was given, or after a `deleteNamespace`. */
  readonly createNamespace: (namespace: string) => Effect.Effect<void>
  /** With every Lease in it. */
  readonly deleteNamespace: (namespace: string) => Effect.Effect<void>
  /** Of the latest write to any object. */
  readonly resourceVersion: Effect.Effect<bigint>
  /** As if other objects had been written: the next write gets a larger one. Never goes back. */
  readonly advanceResourceVersion: (to: bigint) => Effect.Effect<void>
  /** Forgets past events: a watch from an older resourceVersion than the present one is refused with 410. */
  readonly compact: Effect.Effect<void>
  /** Sends a bookmark to every watch now; otherwise each gets one a minute. */
  readonly sendBookmarks: Effect.Effect<void>
  /** Ends every watch, as a server that restarts does; otherwise each ends after 30 to 60 minutes. */
  readonly endWatches: Effect.Effect<void>
  /** How many watches are open. */
  readonly openWatches: Effect.Effect<number>
  /**
   * How many milliseconds the server's clock is ahead of Effect's `Clock` (negative: behind), in `Date`s and in what it
   * writes.
   */
  readonly setClockOffset: (offsetMillis: number) => Effect.Effect<void>
}>() {}
