import type { LeaseRef, Observed } from "../LeaseObject.js"
import type { Sighting } from "../LeaseTerm.js"
import { isSameTerm, sight } from "../LeaseTerm.js"
import { leaseKey } from "./termKey.js"

/** Forgetting a record only makes a contender wait anew. */
const mostSightings = 10_000

/** When the records of others were first seen as they are (E1), across attempts. */
export class Sightings {
  readonly #byRef = new Map<string, Sighting>()

  see(
    ref: LeaseRef,
    record: Observed,
    arrivedNanos: bigint
  ): { readonly sighting: Sighting; readonly isNewTerm: boolean } {
    const key = leaseKey(ref)
    const previous = this.#byRef.get(key)
    const sighting = sight(previous, record, arrivedNanos)
    // Deleted first, so that the oldest stands first.
    this.#byRef.delete(key)
    this.#byRef.set(key, sighting)
    if (this.#byRef.size > mostSightings) {
      const [oldest] = this.#byRef.keys()
      this.#byRef.delete(oldest ?? key)
    }
    return { sighting, isNewTerm: previous === undefined || !isSameTerm(previous.identity, sighting.identity) }
  }
}
