import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { KubeApi } from "../../KubeApi.js"
import { WatchEvent } from "../../LeaseObject.js"

interface HasDuration {
  readonly leaseDurationSeconds?: number | null | undefined
}

/**
 * Lets a record last for any whole number of milliseconds, where a server takes whole seconds: it counts in milliseconds
 * instead. Only for a server that nobody else looks at.
 */
export const withExactDurations = (api: KubeApi["Type"]): KubeApi["Type"] => {
  const onEvent = WatchEvent.$match({
    Present: ({ lease }) => WatchEvent.Present({ lease: shown(lease) }),
    Deleted: ({ lease }) => WatchEvent.Deleted({ lease: shown(lease) }),
    Bookmark: (bookmark): WatchEvent => bookmark
  })
  return {
    ...api,
    getLease: (ref) => Effect.map(api.getLease(ref), shown),
    createLease: (draft) => Effect.map(api.createLease({ ...draft, spec: scaled(draft.spec, 1000) }), shown),
    patchLease: (ref, patch) => Effect.map(api.patchLease(ref, { ...patch, spec: scaled(patch.spec, 1000) }), shown),
    dryRunLease: (ref) => Effect.map(api.dryRunLease(ref), shown),
    watchLease: (ref, options) => Stream.map(api.watchLease(ref, options), onEvent),
    watchNamespace: (namespace, options) => Stream.map(api.watchNamespace(namespace, options), onEvent)
  }
}

const shown = <L extends { readonly spec?: HasDuration | undefined }>(lease: L): L =>
  lease.spec === undefined ? lease : { ...lease, spec: scaled(lease.spec, 1 / 1000) }

const scaled = <S extends HasDuration>(spec: S, factor: number): S => {
  const { leaseDurationSeconds } = spec
  return typeof leaseDurationSeconds === "number"
    ? {
      ...spec,
      leaseDurationSeconds: factor > 1 ? Math.round(leaseDurationSeconds * factor) : leaseDurationSeconds * factor
    }
    : spec
}
