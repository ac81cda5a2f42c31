import type { LeaseJson } from "../../src/KubeApiMemory.js"
import type { Ledger, Sender } from "./ledger.js"
import { isHeld } from "./ledger.js"

/** One call of an acquire that is under way. */
export interface Call {
  readonly sender: Sender
  /** Somebody else has had the lease since it began. */
  isContended: boolean
}

/**
 * Whether somebody else has had the lease while an acquire was under way: only then may it say so (P2). So has whoever keeps
 * a deleted record by a finalizer (A2).
 */
export class Contention {
  readonly #calls = new Set<Call>()
  readonly #ledger: Ledger
  readonly #present: () => LeaseJson | undefined

  constructor(ledger: Ledger, present: () => LeaseJson | undefined) {
    this.#ledger = ledger
    this.#present = present
  }

  /** @param earlier calls that the new one may share an answer with (A4) */
  begin(sender: Sender, earlier: Iterable<Call>): Call {
    const call = { sender, isContended: [...earlier].some(({ isContended }) => isContended) }
    this.#calls.add(call)
    this.look()
    return call
  }

  end(call: Call): void {
    this.look()
    this.#calls.delete(call)
  }

  /** At every instant at which anything may have been written. */
  look(): void {
    for (const call of this.#calls) {
      call.isContended ||= this.#isContendedFor(call.sender)
    }
  }

  #isContendedFor(sender: Sender): boolean {
    const record = this.#present()
    return record !== undefined &&
      (record.metadata.deletionTimestamp !== undefined ||
        (isHeld(record) && (record.spec.holderIdentity !== sender.owner || this.#ledger.hasLostName(sender))))
  }
}
