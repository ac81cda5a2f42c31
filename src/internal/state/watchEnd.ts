import * as Cause from "effect/Cause"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type { RequestError } from "../../KubeError.js"
import type { WatchEvent } from "../../LeaseObject.js"

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
