import type { LeaseRef } from "../../LeaseObject.js"

/** Tells the leases of one server apart. */
export const leaseKey = ({ name, namespace }: LeaseRef): string => `${namespace}/${name}`

/** Tells leases and owners of one server apart. */
export const termKey = (ref: LeaseRef, owner: string): string => JSON.stringify([leaseKey(ref), owner])
