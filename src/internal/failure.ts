import * as Duration from "effect/Duration"
import type { CredentialsError, KubeError, Operation } from "../KubeError.js"
import { Conflict, Forbidden, Invalid, NotFound, Transient, Unauthorized } from "../KubeError.js"
import type { LeaseRef } from "../LeaseObject.js"
import { cannot } from "./kubeCall.js"

/** What an API server answered instead of a Lease. */
export interface FailureAnswer {
  readonly status: number
  /** Decoded JSON, or text where it is none. */
  readonly body: unknown
  readonly retryAfter?: Duration.Duration | undefined
  /** Its `Date`. */
  readonly dateMillis?: number | undefined
}

/** The fields of a `metav1.Status` that decide something; any other body counts as one without them. */
interface Status {
  readonly message: string | undefined
  readonly reason: string | undefined
  readonly kind: string | undefined
  readonly name: string | undefined
  readonly causes: ReadonlyArray<{ readonly field: string; readonly message: string }>
  readonly retryAfterSeconds: number | undefined
}

const longestQuote = 500

/** The typed error for an answer outside 2xx (design, *Errors*). */
export const failureFromAnswer = (
  operation: Operation,
  ref: LeaseRef,
  answer: FailureAnswer
): Exclude<KubeError, CredentialsError> => {
  const status = readStatus(answer.body)
  const said = withoutToken(status.message ?? quoted(answer.body))
  const failure = {
    operation,
    ref,
    status: answer.status,
    ...(status.reason === undefined ? {} : { reason: status.reason }),
    ...retryAfterOf(answer, status),
    ...(answer.dateMillis === undefined ? {} : { serverDateMillis: answer.dateMillis })
  }
  const describe = (what: string): string => `${cannot({ operation, ref })}: ${what}${said === "" ? "" : `: ${said}`}`
  switch (answer.status) {
    case 401:
      return new Unauthorized({
        ...failure,
        message: `${describe("the API server refuses the token")}. Give a token that this API server has issued and ` +
          `that has not expired; in a pod, mount the ServiceAccount's token.`
      })
    case 403:
      return new Forbidden({
        ...failure,
        message: `${describe("forbidden")}. ${grant(operation, ref)}`
      })
    case 404:
      if (status.kind === "namespaces" && operation === "create") {
        return new NotFound({
          ...failure,
          kind: "namespaces",
          message: `${
            describe("there is no such namespace")
          }. Create the namespace ${ref.namespace} or correct its name.`
        })
      }
      if (status.reason === "NotFound" && status.kind === "leases" && status.name === ref.name) {
        return new NotFound({ ...failure, kind: "leases", message: describe("there is no such lease") })
      }
      return new Transient({
        ...failure,
        kind: "Status",
        message: describe(
          `status 404, which is not about ${
            operation === "version" ? "any" : "this"
          } lease; is the base URL that of an API server?`
        )
      })
    case 409:
      return new Conflict({ ...failure, message: describe("somebody else wrote it first") })
    case 400:
    case 413:
    case 415:
    case 422:
      return new Invalid({ ...failure, causes: status.causes, message: describe("the API server finds it invalid") })
    default:
      return new Transient({ ...failure, kind: "Status", message: describe(`status ${answer.status}`) })
  }
}

const grant = (operation: Operation, { namespace }: LeaseRef): string =>
  operation === "version"
    ? "Grant the ServiceAccount the verb \"get\" on the path /version; the ClusterRole system:public-info-viewer does."
    : `Grant the ServiceAccount the verb "${operation === "dryRun" ? "patch" : operation}" on leases of ` +
      `coordination.k8s.io in namespace ${namespace}; the manifests in this package's folder rbac/ do.`

const readStatus = (body: unknown): Status => {
  const status = record(body)
  const details = record(status["details"])
  return {
    message: text(status["message"]),
    reason: text(status["reason"]),
    kind: text(details["kind"]),
    name: text(details["name"]),
    causes: (Array.isArray(details["causes"]) ? details["causes"] : []).map((cause) => ({
      field: text(record(cause)["field"]) ?? "",
      message: text(record(cause)["message"]) ?? ""
    })),
    retryAfterSeconds: typeof details["retryAfterSeconds"] === "number" ? details["retryAfterSeconds"] : undefined
  }
}

const retryAfterOf = (answer: FailureAnswer, status: Status): { readonly retryAfter?: Duration.Duration } => {
  if (answer.retryAfter !== undefined) {
    return { retryAfter: answer.retryAfter }
  }
  return status.retryAfterSeconds === undefined ? {} : { retryAfter: Duration.seconds(status.retryAfterSeconds) }
}

const quoted = (body: unknown): string => typeof body === "string" ? body.trim().slice(0, longestQuote) : ""

/** Proxies have pages that repeat the request's headers (C5). */
const withoutToken = (said: string): string => said.replace(/\b(bearer\s+)[^\s"'<]+/gi, "$1<redacted>")

const record = (u: unknown): { readonly [key: string]: unknown } => typeof u === "object" && u !== null ? { ...u } : {}

const text = (u: unknown): string | undefined => typeof u === "string" ? u : undefined
