import type { Conflict, NotFound } from "../../KubeError.js"
import { Transient } from "../../KubeError.js"

/** For an answer that an API server does not give to this operation; a proxy or a wrong address can. */
export const asTransient = (
  { message, operation, reason, ref, retryAfter, serverDateMillis, status }: NotFound | Conflict
): Transient => new Transient({ operation, ref, status, reason, retryAfter, serverDateMillis, message, kind: "Status" })
