import type { LeaseRef } from "../../LeaseObject.js"

/** What every span of this library says of its lease. */
export const spanOptions = ({ name, namespace }: LeaseRef) => ({
  captureStackTrace: false,
  attributes: { "lease.namespace": namespace, "lease.name": name }
})
