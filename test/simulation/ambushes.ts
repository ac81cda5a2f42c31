import type { Ambush } from "./fault.js"
import type { Purpose } from "./request.js"

/** Faults that wait for a request to strike at. */
export class Ambushes {
  readonly #waiting = new Set<Ambush>()

  lay(ambush: Ambush): void {
    this.#waiting.add(ambush)
  }

  lift(ambush: Ambush): void {
    this.#waiting.delete(ambush)
  }

  hasAnyFor(node: number): boolean {
    return [...this.#waiting].some((ambush) => ambush.node === node)
  }

  /** The one that this request falls into, if any. */
  spring(node: number, purpose: Purpose): Ambush | undefined {
    for (const ambush of this.#waiting) {
      if (ambush.node === node && ambush.of === purpose) {
        this.#waiting.delete(ambush)
        return ambush
      }
    }
    return undefined
  }
}
