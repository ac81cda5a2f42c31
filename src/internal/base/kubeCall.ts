import type { Operation } from "../../KubeError.js"
import type { LeaseRef } from "../../LeaseObject.js"

/** What is asked of which Lease: the part of a request that its errors repeat. */
export interface KubeCall {
  readonly operation: Operation
  readonly ref: LeaseRef
}

/** "Cannot patch lease default/leader" */
export const cannot = ({ operation, ref }: KubeCall): string => {
  const lease = `lease ${ref.namespace}/${ref.name}`
  switch (operation) {
    case "dryRun":
      return `Cannot ask the API server for its time by a dry run on ${lease}`
    case "version":
      return "Cannot read the API server's version"
    default:
      return `Cannot ${operation} ${lease}`
  }
}
