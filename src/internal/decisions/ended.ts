import * as Option from "effect/Option"
import type { LeaseObject, LeaseRef } from "../../LeaseObject.js"
import type { FencingToken } from "../../LeaseTerm.js"
import { LeaseLost, LostReason } from "../../LeaseTerm.js"
import { quote } from "../base/quoting.js"
import type { TermIdentity } from "./identity.js"
import { identityOf, isSameTerm } from "./identity.js"

const longestCause = 600

/** What is known of an end beside its reason. */
export interface Circumstances {
  /** Another instance of this process has taken it over (P5). */
  readonly isSuperseded?: boolean
  /** By how much the wall clock is ahead of the time that has passed, where that alone has ended the term (T2). */
  readonly aheadMillis?: number | undefined
}

const describe = (
  owner: string,
  { aheadMillis, isSuperseded = false }: Circumstances
): (reason: LostReason) => string =>
  LostReason.$match({
    TakenOver: ({ by }) =>
      isSuperseded
        ? "another instance in this process, with the same owner name, takes it over"
        : by === owner
        ? "another process uses the same owner name, and has taken it over; give each process a name of its own"
        : `${quote(by)} has taken it over`,
    Deleted: () => "it was deleted or cleared by somebody else",
    Expired: ({ lastError }) =>
      `${
        aheadMillis === undefined
          ? "no renewal was acknowledged before the renew deadline"
          : `the clock was set ahead by ${
            Math.round(aheadMillis / 1000)
          } s, or the machine was suspended for so long, past the ` +
            "renew deadline"
      }${
        Option.match(lastError, {
          onNone: () => "",
          onSome: (error) => `; last error: ${quote(error.message, [], longestCause)}`
        })
      }`,
    Failed: ({ defect }) =>
      `its renewal failed unexpectedly: ${
        quote(defect instanceof Error ? defect.message : String(defect), [], longestCause)
      }`,
    Released: () => "it was released"
  })

export const leaseLost = (
  term: { readonly ref: LeaseRef; readonly owner: string; readonly token: FencingToken },
  reason: LostReason,
  circumstances: Circumstances = {}
): LeaseLost =>
  new LeaseLost({
    ref: term.ref,
    owner: term.owner,
    token: term.token,
    reason,
    message: `${term.owner} no longer holds lease ${term.ref.namespace}/${term.ref.name}: ${
      describe(term.owner, circumstances)(reason)
    }`
  })

/** Why the record shows that the term has ended; none if it shows this very term (R2). */
export const endedBy = (term: TermIdentity, record: LeaseObject): Option.Option<LostReason> => {
  const found = identityOf(record)
  if (isSameTerm(term, found)) {
    return Option.none()
  }
  return Option.some(
    found.uid !== term.uid || found.owner === "" ? LostReason.Deleted() : LostReason.TakenOver({ by: found.owner })
  )
}
