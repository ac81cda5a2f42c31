import type { Operation } from "../../KubeError.js"

/** What a request line asks for. */
export type Route =
  | {
    readonly kind: "Leases"
    readonly verb: Verb
    readonly namespace?: string | undefined
    readonly name?: string | undefined
  }
  /** A path of Leases, but not with this method. */
  | { readonly kind: "MethodNotAllowed" }
  | { readonly kind: "Path"; readonly path: string }

export type Verb = "get" | "list" | "watch" | "create" | "update" | "patch" | "delete"

const leases = /^\/apis\/coordination\.k8s\.io\/v1(?:\/namespaces\/([^/]+))?\/leases(?:\/([^/]+))?$/

export const route = (method: string, url: URL): Route => {
  const match = leases.exec(url.pathname)
  if (match === null) {
    return { kind: "Path", path: url.pathname }
  }
  const [namespace, name] = [match[1], match[2]].map((part) => part === undefined ? undefined : decoded(part))
  const verb = name === undefined ? collectionVerb(method, url) : objectVerb(method)
  return verb === undefined || (namespace === undefined && verb !== "list" && verb !== "watch")
    ? { kind: "MethodNotAllowed" }
    : { kind: "Leases", verb, namespace, name: name ?? selectedName(url) }
}

/** As the library names it; what it never asks counts as what comes closest. */
export const operationOf = (verb: Verb, url: URL): Operation => {
  switch (verb) {
    case "list":
      return "get"
    case "update":
      return "patch"
    case "patch":
      return isDryRun(url) ? "dryRun" : "patch"
    default:
      return verb
  }
}

export const isDryRun = (url: URL): boolean => url.searchParams.get("dryRun") === "All"

const objectVerb = (method: string): Verb | undefined => {
  switch (method) {
    case "GET":
      return "get"
    case "PUT":
      return "update"
    case "PATCH":
      return "patch"
    case "DELETE":
      return "delete"
    default:
      return undefined
  }
}

const collectionVerb = (method: string, url: URL): Verb | undefined =>
  method === "POST"
    ? "create"
    : method !== "GET"
    ? undefined
    : isTrue(url.searchParams.get("watch"))
    ? "watch"
    : "list"

export const isTrue = (value: string | null): boolean => value === "1" || value === "true"

/** A field selector that names one object; another one selects by nothing that a Lease has. */
export const selectedName = (url: URL): string | undefined =>
  fieldSelector(url)?.find(([field]) => field === "metadata.name")?.[1]

/** The first field of the selector that no Lease can be selected by. */
export const unknownField = (url: URL): string | undefined =>
  fieldSelector(url)?.find(([field]) => field !== "metadata.name" && field !== "metadata.namespace")?.[0]

const fieldSelector = (url: URL): ReadonlyArray<readonly [field: string, value: string]> | undefined => {
  const selector = url.searchParams.get("fieldSelector")
  return selector === null || selector === "" ? undefined : selector.split(",").map((term) => {
    const [field = "", value = ""] = term.split(/==?/)
    return [field, value]
  })
}

const decoded = (part: string): string => {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}
