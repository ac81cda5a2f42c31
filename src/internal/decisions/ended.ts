import * as Option from "effect/Option"
import type { LeaseObject, LeaseRef } from "../../LeaseObject.js"
import type { FencingToken } from "../../LeaseTerm.js"
import { LeaseLost, LostReason } from "../../LeaseTerm.js"
import { quote } from "../base/quoting.js"
import type { TermIdentity } from "./identity.js"
import { identityOf, isSameTerm } from "./identity.js"

const longestCause = 600

const describe: (reason: LostReason) => string = LostReason.$match({
  TakenOver: ({ by }) => `${quote(by)} has taken it over`,
  Deleted: () => "it was deleted or cleared by somebody else",
  Expired: ({ lastError }) =>
    `no renewal was acknowledged before the renew deadline${
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
  reason: LostReason
): LeaseLost =>
  new LeaseLost({
    ref: term.ref,
    owner: term.owner,
    token: term.token,
    reason,
    message: `${term.owner} no longer holds lease ${term.ref.namespace}/${term.ref.name}: ${describe(reason)}`
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
