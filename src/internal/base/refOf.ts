import type { LeaseRef } from "../../LeaseObject.js"

/** The ref alone, out of whatever holds one among other things. */
export const refOf = ({ name, namespace }: LeaseRef): LeaseRef => ({ namespace, name })

/** What errors and spans name where every lease of a namespace is meant. */
export const anyLease = (namespace: string): LeaseRef => ({ namespace, name: "*" })

export const isAnyLease = ({ name }: LeaseRef): boolean => name === anyLease("").name

/** What the errors of a request name that is about the server itself. */
export const noLease: LeaseRef = anyLease("*")
