import type { KubeError, Operation } from "../../KubeError.js"
import { Transient } from "../../KubeError.js"
import type { LeaseRef } from "../../LeaseObject.js"

/** The last failure so far. A final timeout does not hide what the server said before. */
export class LastError {
  #error: KubeError | undefined

  get error(): KubeError | undefined {
    return this.#error
  }

  note(error: KubeError): void {
    if (this.#error === undefined || error._tag !== "Transient" || error.kind !== "Timeout") {
      this.#error = error
    }
  }
}

/** What was given a bound of its own, and has not come to its end within it. */
export interface OutOfTime {
  /** As a message says it. */
  readonly doing: "acquire" | "release"
  readonly operation: Operation
  readonly ref: LeaseRef
  readonly limitMillis: number
  /** What kept it from its end, as far as is known. */
  readonly lastError: KubeError | undefined
}

/** That there was no time left tells nobody what to mend: it says what the last request failed with, and carries that. */
export const outOfTime = ({ doing, lastError, limitMillis, operation, ref }: OutOfTime): Transient => {
  const about = `Cannot ${doing} lease ${ref.namespace}/${ref.name}`
  const { namespace, name } = ref
  const within = `within ${Math.round(limitMillis)} ms`
  return lastError === undefined
    ? new Transient({ operation, ref: { namespace, name }, kind: "Timeout", message: `${about}: no answer ${within}` })
    : new Transient({
      operation: "operation" in lastError ? lastError.operation : operation,
      ref: { namespace, name },
      kind: lastError._tag === "Transient" ? lastError.kind : "Status",
      ...answered(lastError),
      message: `${about} ${within}; last error: ${lastError.message}`
    })
}

/** What the server itself has said, where it has. */
const answered = (error: KubeError): Partial<Pick<Transient, "status" | "reason" | "retryAfter">> =>
  error._tag === "CredentialsError" ? {} : {
    ...(error.status === undefined ? {} : { status: error.status }),
    ...(error.reason === undefined ? {} : { reason: error.reason }),
    ...(error.retryAfter === undefined ? {} : { retryAfter: error.retryAfter })
  }
