import type { LeaseObject, LeaseRef } from "../../LeaseObject.js"
import type { Instant } from "../base/clocks.js"
import { leaseKey } from "../base/termKey.js"
import type { DatedAge, Sighting } from "../decisions/expiry.js"
import { sight } from "../decisions/expiry.js"

/** Forgetting a record only makes a contender wait anew. */
const mostSightings = 10_000

interface Known {
  /** `undefined` as long as there has been no record. */
  readonly sighting: Sighting | undefined
  /** When an answer or event last showed the Lease, or that there is none. */
  readonly lastLookAt: Instant
  /** The record as it was when it was deleted. */
  readonly deleted: LeaseObject | undefined
}

/** When the records of others were first seen as they are (E1), and what has been seen to be deleted (W1), across attempts. */
export class Sightings {
  readonly #byRef = new Map<string, Known>()

  /** Whether an answer or event has told of it. */
  knows(ref: LeaseRef): boolean {
    return this.#byRef.has(leaseKey(ref))
  }

  see(
    ref: LeaseRef,
    record: LeaseObject,
    arrivedAt: Instant
  ): { readonly sighting: Sighting; readonly lastLookAt: Instant | undefined } {
    const previous = this.#byRef.get(leaseKey(ref))
    const sighting = sight(previous?.sighting, record, arrivedAt.monotonicNanos)
    const isLate = previous?.deleted !== undefined && isSameObject(previous.deleted, record)
    this.#know(ref, { sighting, lastLookAt: arrivedAt, deleted: isLate ? previous.deleted : undefined })
    return { sighting, lastLookAt: previous?.lastLookAt }
  }

  seeNone(ref: LeaseRef, arrivedAt: Instant): void {
    const { deleted, sighting } = this.#byRef.get(leaseKey(ref)) ?? {}
    this.#know(ref, { sighting, lastLookAt: arrivedAt, deleted })
  }

  seeDeleted(ref: LeaseRef, record: LeaseObject, arrivedAt: Instant): void {
    const { sighting } = this.see(ref, record, arrivedAt)
    this.#know(ref, { sighting, lastLookAt: arrivedAt, deleted: record })
  }

  /** By the API servers' clocks (E2), as an answer has told that showed this very record. */
  date(ref: LeaseRef, dated: DatedAge): void {
    const known = this.#byRef.get(leaseKey(ref))
    if (known?.sighting !== undefined) {
      this.#know(ref, { ...known, sighting: { ...known.sighting, dated } })
    }
  }

  /** The record that was deleted last, if no other has been seen since. */
  deleted(ref: LeaseRef): LeaseObject | undefined {
    return this.#byRef.get(leaseKey(ref))?.deleted
  }

  /** Another record has been written since. */
  forgetDeleted(ref: LeaseRef): void {
    const known = this.#byRef.get(leaseKey(ref))
    if (known?.deleted !== undefined) {
      this.#know(ref, { ...known, deleted: undefined })
    }
  }

  #know(ref: LeaseRef, known: Known): void {
    const key = leaseKey(ref)
    // Deleted first, so that the oldest stands first.
    this.#byRef.delete(key)
    this.#byRef.set(key, known)
    if (this.#byRef.size > mostSightings) {
      const [oldest] = this.#byRef.keys()
      this.#byRef.delete(oldest ?? key)
    }
  }
}

/** No uid comes back: what shows the one that was deleted has been under way since before that. */
const isSameObject = (deleted: LeaseObject, record: LeaseObject): boolean =>
  deleted.metadata.uid !== undefined && deleted.metadata.uid === record.metadata.uid
