import type { LeaseRef } from "../LeaseObject.js"

/** Tells leases and owners of one server apart. */
export const termKey = ({ name, namespace }: LeaseRef, owner: string): string =>
  JSON.stringify([namespace, name, owner])
