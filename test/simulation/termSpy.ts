import type { Instant } from "../../src/internal/base/clocks.js"
import { Term } from "../../src/internal/state/term.js"
import type { LostReason } from "../../src/LeaseTerm.js"
import { Process } from "./process.js"

const termsOf = new WeakMap<Process, Map<string, Term>>()
const endedAt = new WeakMap<Term, bigint>()

/**
 * Notes every term of a process by its token as soon as the library asks its clocks, for `HeldLease.isHeld` cannot be
 * asked without the consequences that the answer has (T5), and when it was ended by what its process did. Gives what ends it.
 */
export const spyOnTerms = (): () => void => {
  const { lose, release, remainingMillis } = Term.prototype
  const note = (term: Term, hasEnded: boolean): boolean => {
    if (hasEnded && Process.current !== undefined) {
      endedAt.set(term, Process.current.machine.monotonicNanos())
    }
    return hasEnded
  }
  Term.prototype.release = function(this: Term): boolean {
    return note(this, release.call(this))
  }
  Term.prototype.lose = function(this: Term, reason: LostReason): boolean {
    const hasEnded = lose.call(this, reason)
    return reason._tag === "Expired" ? hasEnded : note(this, hasEnded)
  }
  Term.prototype.remainingMillis = function(this: Term, now: Instant): number {
    const process = Process.current
    if (process !== undefined) {
      const terms = termsOf.get(process) ?? new Map<string, Term>()
      termsOf.set(process, terms)
      if (!terms.has(this.token)) {
        terms.set(this.token, this)
      }
    }
    return remainingMillis.call(this, now)
  }
  return () => {
    Term.prototype.lose = lose
    Term.prototype.release = release
    Term.prototype.remainingMillis = remainingMillis
  }
}

export const termOf = (process: Process, token: string): Term | undefined => termsOf.get(process)?.get(token)

/** The tokens of the terms that a process would call held now, if it were asked. */
export const validTermsOf = (process: Process): ReadonlyArray<string> => tokensOf(process, isValid)

/** Held, or ended in this very instant otherwise than by its clocks: which of two fibers has its turn first is nobody's business. */
export const termsHeldInThisInstant = (process: Process): ReadonlyArray<string> =>
  tokensOf(process, (term, now) => isValid(term, now) || endedAt.get(term) === now.monotonicNanos)

const isValid = (term: Term, now: Instant): boolean => term.remainingMillis(now) > 0

const tokensOf = (process: Process, isMeant: (term: Term, now: Instant) => boolean): ReadonlyArray<string> => {
  const now = process.machine.instant()
  return [...termsOf.get(process)?.values() ?? []].filter((term) => isMeant(term, now)).map((term) => term.token)
}
