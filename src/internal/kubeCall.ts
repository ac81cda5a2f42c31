import type { Operation } from "../KubeError.js"
import type { LeaseRef } from "../LeaseObject.js"

/** What is asked of which Lease: the part of a request that its errors repeat. */
export interface KubeCall {
  readonly operation: Operation
  readonly ref: LeaseRef
}

/** "Cannot patch lease default/leader" */
export const cannot = ({ operation, ref }: KubeCall): string => `Cannot ${operation} lease ${ref.namespace}/${ref.name}`
