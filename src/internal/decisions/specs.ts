import type { LeaseObject, LeaseSpec, MicroTime } from "../../LeaseObject.js"
import type { TermIdentity } from "./identity.js"

/** A `spec` with every field. */
export type CompleteSpec = { readonly [K in keyof LeaseSpec]-?: NonNullable<LeaseSpec[K]> }

/** What a create writes (T1). */
export const createSpec = (owner: string, durationSeconds: number, now: MicroTime): CompleteSpec => ({
  holderIdentity: owner,
  leaseDurationSeconds: durationSeconds,
  acquireTime: now,
  renewTime: now,
  leaseTransitions: 0
})

/** API servers keep 32 bits. */
const mostTransitions = 2 ** 31 - 1

/** What a take writes over a record (T1): one transition more, from the largest number on counted from 1 again. */
export const takeSpec = (
  record: LeaseObject,
  owner: string,
  durationSeconds: number,
  now: MicroTime
): CompleteSpec => ({
  ...createSpec(owner, durationSeconds, now),
  leaseTransitions: nextTransitions(record.spec?.leaseTransitions ?? 0)
})

const nextTransitions = (transitions: number): number => transitions % mostTransitions + 1

/** What a release or hand-over leaves in the record. */
export interface LeftSpec extends LeaseSpec {
  readonly holderIdentity: string
  readonly acquireTime: MicroTime
}

/** What a release writes (X2): no holder, and the shortest duration that a server takes. The transitions stay. */
export const clearSpec = (now: MicroTime): LeftSpec => ({
  holderIdentity: "",
  leaseDurationSeconds: 1,
  acquireTime: now,
  renewTime: now
})

/** What a hand-over writes (X5): a take in the successor's name. */
export const handOverSpec = (
  term: TermIdentity,
  successor: string,
  durationSeconds: number,
  now: MicroTime
): CompleteSpec => ({
  ...createSpec(successor, durationSeconds, now),
  leaseTransitions: nextTransitions(term.leaseTransitions)
})
