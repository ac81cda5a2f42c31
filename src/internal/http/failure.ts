import * as Arr from "effect/Array"
import * as Duration from "effect/Duration"
import type { CredentialsError, KubeError, Operation } from "../../KubeError.js"
import { Conflict, Forbidden, Invalid, NotFound, Transient, Unauthorized } from "../../KubeError.js"
import type { LeaseRef } from "../../LeaseObject.js"
import { cannot } from "../base/kubeCall.js"
import { quote } from "../base/quoting.js"
import { retryAfterFrom } from "../base/retryAfter.js"
import { adviceOn, refusalOf } from "./refusal.js"

/** What an API server answered instead of a Lease. */
export interface FailureAnswer {
  readonly status: number
  /** Decoded JSON, or text where it is none. */
  readonly body: unknown
  readonly retryAfter?: Duration.Duration | undefined
  /** Its `Date`. */
  readonly dateMillis?: number | undefined
  /** What was sent and must not be repeated (C5). */
  readonly secrets?: ReadonlyArray<string> | undefined
}

/** The fields of a `metav1.Status` that decide something; any other body counts as one without them. */
interface Status {
  readonly isStatus: boolean
  readonly message: string | undefined
  readonly reason: string | undefined
  readonly kind: string | undefined
  readonly name: string | undefined
  readonly causes: ReadonlyArray<{ readonly field: string; readonly message: string; readonly reason: string }>
  readonly retryAfterSeconds: number | undefined
}

const longestReason = 100
const longestField = 200
const mostCauses = 16

/** The typed error for an answer outside 2xx (*Errors* in src/RULES.md). */
export const failureFromAnswer = (
  operation: Operation,
  ref: LeaseRef,
  answer: FailureAnswer
): Exclude<KubeError, CredentialsError> => {
  const status = readStatus(answer.body)
  const said = quote(status.message ?? text(answer.body) ?? "", answer.secrets)
  const failure = {
    operation,
    ref,
    status: answer.status,
    ...(status.reason === undefined ? {} : { reason: quote(status.reason, answer.secrets, longestReason) }),
    ...retryAfterOf(answer, status),
    ...(answer.dateMillis === undefined ? {} : { serverDateMillis: answer.dateMillis })
  }
  /** API servers begin some messages with what we say of the status. */
  const describe = (what: string): string => {
    const own = said === what || said.startsWith(`${what}: `) ? said.slice(what.length) : said === "" ? "" : `: ${said}`
    return `${cannot({ operation, ref })}: ${what}${own}`
  }
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
        message: `${describe("forbidden")}. ${adviceOn(refusalOfAnswer(status), operation, ref)}`
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
      return new Invalid({
        ...failure,
        causes: shownCauses(status, answer),
        message: describe("the API server finds it invalid")
      })
    default:
      return new Transient({ ...failure, kind: "Status", message: describe(`status ${answer.status}`) })
  }
}

const refusalOfAnswer = ({ causes, isStatus, message = "" }: Status) =>
  refusalOf({ isStatus, message, causes: causes.map(({ reason }) => reason) })

const shownCauses = ({ causes }: Status, { secrets }: FailureAnswer) => {
  const shown = causes.slice(0, mostCauses).map(({ field, message }) => ({
    field: quote(field, secrets, longestField),
    message: quote(message, secrets)
  }))
  return causes.length > mostCauses
    ? Arr.append(shown, { field: "", message: `and ${causes.length - mostCauses} more` })
    : shown
}

const readStatus = (body: unknown): Status => {
  const status = record(body)
  const details = record(status["details"])
  return {
    isStatus: status["kind"] === "Status",
    message: text(status["message"]),
    reason: text(status["reason"]),
    kind: text(details["kind"]),
    name: text(details["name"]),
    causes: (Array.isArray(details["causes"]) ? details["causes"] : []).map((cause) => ({
      field: text(record(cause)["field"]) ?? "",
      message: text(record(cause)["message"]) ?? "",
      reason: text(record(cause)["reason"]) ?? ""
    })),
    retryAfterSeconds: typeof details["retryAfterSeconds"] === "number" ? details["retryAfterSeconds"] : undefined
  }
}

const retryAfterOf = (answer: FailureAnswer, status: Status): { readonly retryAfter?: Duration.Duration } => {
  const { retryAfter = retryAfterFrom((status.retryAfterSeconds ?? NaN) * 1000) } = answer
  return retryAfter === undefined ? {} : { retryAfter }
}

const record = (u: unknown): { readonly [key: string]: unknown } => typeof u === "object" && u !== null ? { ...u } : {}

const text = (u: unknown): string | undefined => typeof u === "string" ? u : undefined
