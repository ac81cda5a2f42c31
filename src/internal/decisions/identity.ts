import type { LeaseObject, MicroTime } from "../../LeaseObject.js"

/** What tells one term from every other (T1). */
export interface TermIdentity {
  readonly uid: string | undefined
  readonly owner: string
  readonly acquireTime: MicroTime | undefined
  readonly leaseTransitions: number
}

/** The owner that a record names; `""` for nobody. */
export const ownerOf = (lease: LeaseObject): string => lease.spec?.holderIdentity ?? ""

export const identityOf = (lease: LeaseObject): TermIdentity => ({
  uid: lease.metadata.uid,
  owner: ownerOf(lease),
  acquireTime: lease.spec?.acquireTime,
  leaseTransitions: lease.spec?.leaseTransitions ?? 0
})

export const isSameTerm = (self: TermIdentity, that: TermIdentity): boolean =>
  self.uid === that.uid && self.owner === that.owner && self.acquireTime === that.acquireTime &&
  self.leaseTransitions === that.leaseTransitions

/** Whether a record shows the term of an acquiring write; the uid of a new Lease is not known before. */
export const isTermSent = (sent: TermIdentity, record: LeaseObject): boolean => {
  const found = identityOf(record)
  return isSameTerm({ ...sent, uid: sent.uid ?? found.uid }, found)
}
