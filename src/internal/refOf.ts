import type { LeaseRef } from "../LeaseObject.js"

/** The ref alone, out of whatever holds one among other things. */
export const refOf = ({ name, namespace }: LeaseRef): LeaseRef => ({ namespace, name })
