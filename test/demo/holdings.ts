import * as Arr from "effect/Array"
import * as Order from "effect/Order"
import type { Belief } from "./protocol.js"

/** A stretch in which a process believed that it held the lease, between two looks that said so. */
export interface Holding {
  readonly member: string
  readonly from: number
  until: number
}

/** Every holding so far, and whether two members ever held at one instant. */
export class Holdings {
  readonly all: Array<Holding> = []
  /** Found as soon as it is reported. */
  overlap: string | undefined
  readonly #looks = new Map<string, number>()

  /** `process` tells a member from its like before a crash. */
  add(member: string, process: string, { held, looks }: Belief): void {
    this.#looks.set(process, looks)
    if (held === undefined) {
      return
    }
    let holding = this.all.find((known) => known.member === member && known.from === held.from)
    if (holding === undefined) {
      holding = { member, ...held }
      this.all.push(holding)
    }
    holding.until = held.until
    const other = this.#heldWith(holding)
    if (other !== undefined) {
      this.overlap ??= `${member} and ${other.member} both believed that they held the lease`
    }
  }

  /** How often any member has looked. */
  get looks(): number {
    return [...this.#looks.values()].reduce((sum, looks) => sum + looks, 0)
  }

  /** The shortest time in which nobody held, between one member and another. */
  get narrowestGapMs(): number {
    const inOrder = Arr.sortWith(this.all, ({ from }) => from, Order.number)
    const gaps = Arr.zipWith(
      inOrder,
      inOrder.slice(1),
      (one, next) => one.member === next.member ? Infinity : next.from - one.until
    )
    return Math.min(...gaps)
  }

  /** Who held for most of a stretch of time: at most one, so that a chart of it shows what was, however coarse. */
  mostOf(from: number, until: number): string | undefined {
    let longest = { member: undefined as string | undefined, ms: 0 }
    for (const holding of this.all) {
      const ms = Math.min(until, holding.until) - Math.max(from, holding.from)
      if (ms > longest.ms) {
        longest = { member: holding.member, ms }
      }
    }
    return longest.member
  }

  #heldWith({ from, member, until }: Holding): Holding | undefined {
    return this.all.find((other) => other.member !== member && other.from <= until && from <= other.until)
  }
}
