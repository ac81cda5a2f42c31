/** Something that is to happen; without `run`, it has been called off. */
export interface Happening {
  readonly at: number
  readonly order: number
  run: (() => void) | undefined
}

/** The one time that really passes, in milliseconds, as a queue of what is to happen: no real timer, no promise. */
export class VirtualTime {
  #now = 0
  #count = 0
  readonly #heap: Array<Happening> = []

  get now(): number {
    return this.#now
  }

  at(millis: number, run: () => void): Happening {
    const happening = { at: Math.max(millis, this.#now), order: this.#count++, run }
    this.#push(happening)
    return happening
  }

  after(millis: number, run: () => void): Happening {
    return this.at(this.#now + millis, run)
  }

  /** Lets the next thing happen, unless nothing is left to happen until then. */
  step(until: number): boolean {
    for (;;) {
      const next = this.#heap[0]
      if (next === undefined || next.at > until) {
        this.#now = Math.max(this.#now, until)
        return false
      }
      this.#pop()
      if (next.run !== undefined) {
        this.#now = next.at
        next.run()
        return true
      }
    }
  }

  #push(happening: Happening): void {
    const heap = this.#heap
    let index = heap.push(happening) - 1
    while (index > 0) {
      const parent = (index - 1) >> 1
      const above = heap[parent]
      if (above === undefined || isBefore(above, happening)) {
        break
      }
      heap[index] = above
      index = parent
    }
    heap[index] = happening
  }

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop()
    if (last === undefined || heap.length === 0) {
      return
    }
    let index = 0
    for (;;) {
      const left = heap[2 * index + 1]
      const right = heap[2 * index + 2]
      const least = right !== undefined && left !== undefined && isBefore(right, left) ? right : left
      if (least === undefined || isBefore(last, least)) {
        break
      }
      heap[index] = least
      index = least === left ? 2 * index + 1 : 2 * index + 2
    }
    heap[index] = last
  }
}

const isBefore = (one: Happening, other: Happening): boolean =>
  one.at < other.at || (one.at === other.at && one.order < other.order)
