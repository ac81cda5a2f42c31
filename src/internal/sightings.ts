import type { LeaseObject, LeaseRef } from "../LeaseObject.js"
import type { Sighting } from "../LeaseTerm.js"
import { isSameTerm, sight } from "../LeaseTerm.js"
import { leaseKey } from "./termKey.js"

/** Forgetting a record only makes a contender wait anew. */
const mostSightings = 10_000

interface Known {
  readonly sighting: Sighting
  /** The record as it was when it was deleted. */
  readonly deleted: LeaseObject | undefined
}

/** When the records of others were first seen as they are (E1), and what has been seen to be deleted (W1), across attempts. */
export class Sightings {
  readonly #byRef = new Map<string, Known>()

  see(
    ref: LeaseRef,
    record: LeaseObject,
    arrivedNanos: bigint
  ): { readonly sighting: Sighting; readonly isNewTerm: boolean } {
    const previous = this.#byRef.get(leaseKey(ref))
    const sighting = sight(previous?.sighting, record, arrivedNanos)
    const isLate = previous?.deleted !== undefined && isSameObject(previous.deleted, record)
    this.#know(ref, { sighting, deleted: isLate ? previous.deleted : undefined })
    return {
      sighting,
      isNewTerm: previous === undefined || !isSameTerm(previous.sighting.identity, sighting.identity)
    }
  }

  seeDeleted(ref: LeaseRef, record: LeaseObject, arrivedNanos: bigint): void {
    const { sighting } = this.see(ref, record, arrivedNanos)
    this.#know(ref, { sighting, deleted: record })
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
