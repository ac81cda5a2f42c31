import type { Term } from "../../src/internal/state/term.js"
import type { FencingToken } from "../../src/LeaseTerm.js"
import type { Process } from "./process.js"
import { termOf } from "./termSpy.js"

/** That a process holds the lease, since its user was given this term. */
export interface Belief {
  readonly process: Process
  readonly token: FencingToken
  readonly term: Term
  /** How long after the end of its validity `lost` may come, in milliseconds of virtual time. */
  readonly patienceMillis: number
  /** The user has been told that it is over. */
  heardOfEnd: boolean
  /** The user has been told of a loss. */
  isLost: boolean
  /** The user does not listen any more. */
  isClosed: boolean
  /** Since when the process has run with a term that has run out, without ending it. */
  overdueSince: number | undefined
  /** After how many steps of its wall clock its validity had passed. */
  overAfterStep: number | undefined
}

/** What the user would be told now, without the consequences of asking. */
export const isBelieved = ({ process, term }: Belief): boolean =>
  !process.isCrashed && term.remainingMillis(process.machine.instant()) > 0

/** What a user believes who has just been given a term. */
export const beliefIn = (process: Process, token: FencingToken, patienceMillis: number): Belief => {
  const term = termOf(process, token)
  if (term === undefined) {
    throw new Error("A term began without a look at the clocks")
  }
  return {
    process,
    token,
    term,
    patienceMillis,
    heardOfEnd: false,
    isLost: false,
    isClosed: false,
    overdueSince: undefined,
    overAfterStep: undefined
  }
}
