import type { Operation } from "../../KubeError.js"
import type { LeaseRef } from "../../LeaseObject.js"

/** Who says 403, and why. */
export type Refusal =
  /** No rule gives this user the verb on leases. */
  | { readonly by: "Rbac"; readonly verb: string }
  /** No rule gives this user the verb on a path that is no resource's. */
  | { readonly by: "RbacOfPaths" }
  /** The API server does not know who asks. */
  | { readonly by: "Anonymity" }
  | { readonly by: "Quota" }
  | { readonly by: "Termination" }
  /** A webhook or a policy. */
  | { readonly by: "Admission" }
  | { readonly by: "ApiServer" }
  /** Something on the way: its answer is no `Status`. */
  | { readonly by: "Proxy" }

/** What a 403 is told from. */
export interface Refused {
  /** Whether the body is a `metav1.Status`, as every answer of an API server. */
  readonly isStatus: boolean
  readonly message: string
  /** The `reason`s of its causes. */
  readonly causes: ReadonlyArray<string>
}

/** As API servers put it, whatever authorizer they ask. */
const unauthorized =
  /^(?:[\w.]+(?: "[^"]*")? is )?forbidden: User "([^"]*)" cannot (\S+) (?:resource "([^"]*)"|path "([^"]*)")/

export const refusalOf = ({ causes, isStatus, message }: Refused): Refusal => {
  if (!isStatus) {
    return { by: "Proxy" }
  }
  const denied = unauthorized.exec(message)
  if (denied !== null) {
    const [, user = "", verb = "", resource, path] = denied
    if (user === "" || user === "system:anonymous") {
      return { by: "Anonymity" }
    }
    return resource === "leases"
      ? { by: "Rbac", verb }
      : path !== undefined
      ? { by: "RbacOfPaths" }
      : { by: "ApiServer" }
  }
  if (causes.includes("NamespaceTerminating") || /because it is being terminated/.test(message)) {
    return { by: "Termination" }
  }
  if (/\b(exceeded|failed) quota\b|\bstatus unknown for quota\b|\binsufficient quota\b/.test(message)) {
    return { by: "Quota" }
  }
  return /admission (webhook|control|plugin)|\bdenied (the )?request\b|ValidatingAdmissionPolicy|MutatingAdmissionPolicy/i
      .test(message)
    ? { by: "Admission" }
    : { by: "ApiServer" }
}

/** What to do about it. */
export const adviceOn = (refusal: Refusal, operation: Operation, { namespace }: LeaseRef): string => {
  switch (refusal.by) {
    case "Rbac":
      return `Grant the ServiceAccount the verb "${refusal.verb}" on leases of coordination.k8s.io in namespace ` +
        `${namespace}; the manifests in this package's folder rbac/ do.`
    case "RbacOfPaths":
      return operation === "version"
        ? "Grant the ServiceAccount the verb \"get\" on the path /version; the ClusterRole system:public-info-viewer does."
        : "That is no path of leases: is the base URL that of an API server?"
    case "Anonymity":
      return "The API server got no token that says who asks, so no rights are missing: does a proxy on the way drop the " +
        "Authorization header, and is the base URL right?"
    case "Quota":
      return `Raise the ResourceQuota of namespace ${namespace}, or delete what it counts; no rights are missing.`
    case "Termination":
      return `Namespace ${namespace} is being deleted, and nothing can be created in it: use another one, or create it ` +
        "anew when it is gone."
    case "Admission":
      return "A webhook or a policy of the cluster refuses it, so no rights are missing: let the Lease comply with it " +
        "(its labels are a setting), or exempt leases there."
    case "ApiServer":
      return "The API server says above what is in the way; for rights, ask " +
        `kubectl auth can-i ${verbOf(operation)} ${operation === "version" ? "/version" : `leases -n ${namespace}`}.`
    case "Proxy":
      return "This is no API server's answer: a proxy, a gateway or a service mesh on the way refuses the request. Allow " +
        "it there, or give the API server's own address."
  }
}

const verbOf = (operation: Operation): string =>
  operation === "dryRun" ? "patch" : operation === "version" ? "get" : operation
