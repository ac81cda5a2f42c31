import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import type { Conflict, NotFound, RequestError } from "../../KubeError.js"
import type {
  Dated,
  LeaseDraft,
  LeasePatch,
  LeaseRef,
  Observed,
  Preconditions,
  ServerVersion,
  WatchEvent
} from "../../LeaseObject.js"

/**
 * What this library asks of an API server. Tests may put `KubeApiMemory` or a mock of their own in its place.
 *
 * @since 0.1.0
 * @category services
 */
export class KubeApi extends Context.Tag("kubernetes-lease/KubeApi")<KubeApi, {
  /** Reads from etcd, never from a cache. */
  readonly getLease: (ref: LeaseRef) => Effect.Effect<Observed, RequestError | NotFound>
  /** `Conflict` if the Lease exists; `NotFound` of kind `namespaces` if its namespace does not. */
  readonly createLease: (draft: LeaseDraft) => Effect.Effect<Observed, RequestError | NotFound | Conflict>
  /** `Conflict` if the record has changed since the patch's `resourceVersion`. */
  readonly patchLease: (
    ref: LeaseRef,
    patch: LeasePatch
  ) => Effect.Effect<Observed, RequestError | NotFound | Conflict>
  /** `Conflict` if the record is another than the preconditions name. */
  readonly deleteLease: (
    ref: LeaseRef,
    preconditions: Preconditions
  ) => Effect.Effect<void, RequestError | NotFound | Conflict>
  /**
   * What happens to one Lease after `resourceVersion`. Ends when the server ends it, and fails with `Transient` of
   * status 410 when that version is too old: read, and watch again. A watch is a hint; only a read decides.
   */
  readonly watchLease: (
    ref: LeaseRef,
    options: { readonly resourceVersion: string }
  ) => Stream.Stream<WatchEvent, RequestError>
  /** The same for every Lease of a namespace; its errors name the lease `*`. */
  readonly watchNamespace: (
    namespace: string,
    options: { readonly resourceVersion: string }
  ) => Stream.Stream<WatchEvent, RequestError>
  /**
   * What a patch would make of the record as it stands, and the server's time; nothing is stored. The patch changes an
   * annotation that is never there, and needs the verb `patch`.
   */
  readonly dryRunLease: (ref: LeaseRef) => Effect.Effect<Dated, RequestError | NotFound>
  /** Any authenticated user may ask. `Transient` of kind `Decode` if the answer is no version. Its errors name no lease. */
  readonly serverVersion: Effect.Effect<ServerVersion, RequestError>
}>() {}
