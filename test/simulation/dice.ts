/**
 * Chance from a seed. A fork has a stream of its own by its name, so that leaving one thing out of a history does not
 * change what befalls the others: shrinking depends on it.
 */
export class Dice {
  readonly #seed: number
  #state: number

  constructor(seed: number) {
    this.#seed = seed >>> 0
    this.#state = mixed(this.#seed)
  }

  fork(name: string): Dice {
    let hash = this.#seed ^ 0x811c9dc5
    for (let i = 0; i < name.length; i++) {
      hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193)
    }
    return new Dice(mixed(hash))
  }

  /** From 0, below 1. */
  unit(): number {
    this.#state = (this.#state + 0x9e3779b9) >>> 0
    return mixed(this.#state) / 2 ** 32
  }

  chance(probability: number): boolean {
    return this.unit() < probability
  }

  between(least: number, most: number): number {
    return least + (most - least) * this.unit()
  }

  /** The bounds themselves half of the time: defects live there. */
  extreme(least: number, most: number): number {
    const unit = this.unit()
    return unit < 0.25 ? least : unit < 0.5 ? most : this.between(least, most)
  }

  /** Short ones as often as long ones, over orders of magnitude. */
  span(least: number, most: number): number {
    return least * (most / least) ** this.unit()
  }

  integer(below: number): number {
    return Math.floor(this.unit() * below)
  }

  pick<A>(items: readonly [A, ...ReadonlyArray<A>]): A {
    return items[this.integer(items.length)] ?? items[0]
  }
}

const mixed = (bits: number): number => {
  let hash = bits | 0
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
