import type { LeaseSpec } from "../../src/LeaseObject.js"
import { MicroTime } from "../../src/LeaseObject.js"
import type { Fault } from "./fault.js"
import type { Request } from "./request.js"

type Changes = Extract<Fault, { readonly kind: "webhook" }>["changes"]

/** An acquiring write as an admission webhook leaves it. */
export const changedByWebhook = (request: Request, changes: Changes): Request =>
  request.operation === "create"
    ? { ...request, draft: { ...request.draft, spec: changed(request.draft.spec, changes) } }
    : request.operation === "patch"
    ? { ...request, patch: { ...request.patch, spec: changed(request.patch.spec, changes) } }
    : request

const changed = <Spec extends { readonly [K in keyof LeaseSpec]?: LeaseSpec[K] | null }>(
  spec: Spec,
  changes: Changes
): Spec => {
  switch (changes) {
    case "holder":
      return { ...spec, holderIdentity: "somebody-else" }
    case "blank":
      return { ...spec, holderIdentity: "" }
    case "acquireTime":
      return { ...spec, acquireTime: MicroTime((spec.acquireTime ?? 0n) - 1n) }
    case "transitions":
      return { ...spec, leaseTransitions: (spec.leaseTransitions ?? 0) + 5 }
  }
}
