import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { LostReason } from "../../LeaseTerm.js"
import type { Turn } from "../base/keyedLocks.js"
import { KeyedLocks } from "../base/keyedLocks.js"
import type { Term } from "../state/term.js"

/** A term that an instance of the Promise face holds. */
export interface OwnHolding {
  readonly term: Term
  /** Ends as lost to another instance of this process. */
  readonly supersede: () => void
  /** Ends as lost. */
  readonly lose: (reason: LostReason) => void
  /** Ends without a word to anybody. */
  readonly forget: () => void
}

/** Where a term is held, and under which name. */
export interface HoldingKey {
  readonly server: string
  readonly namespace: string
  readonly name: string
  readonly owner: string
}

/** What the instances of the Promise face hold in this process, over whatever connection. */
const holdings = new Map<string, Map<OwnHolding, HoldingKey>>()

/** Of those who acquire under one name, one at a time writes: no term begins behind another's back (P5). */
const writing = new KeyedLocks()

const textOf = ({ name, namespace, owner, server }: HoldingKey): string =>
  JSON.stringify([server, namespace, name, owner])

/** Until the function that this gives is called. */
export const remember = (key: HoldingKey, holding: OwnHolding): () => void => {
  const text = textOf(key)
  const same = holdings.get(text) ?? new Map<OwnHolding, HoldingKey>()
  holdings.set(text, same.set(holding, key))
  return () => {
    same.delete(holding)
    if (same.size === 0 && holdings.get(text) === same) {
      holdings.delete(text)
    }
  }
}

const heldUnder = (key: HoldingKey): ReadonlyArray<OwnHolding> => [...holdings.get(textOf(key))?.keys() ?? []]

/** A term that another instance of this process holds. */
export const heldByOthers = (key: HoldingKey): Option.Option<Term> =>
  Option.map(Option.fromNullable(heldUnder(key)[0]), ({ term }) => term)

export const loseUnder = (key: HoldingKey, reason: LostReason): void =>
  heldUnder(key).forEach((holding) => holding.lose(reason))

export const forgetAllOn = (server: string): void => {
  const all = [...holdings.values()].flatMap((same) => Array.from(same))
  all.filter(([, key]) => key.server === server).forEach(([holding]) => holding.forget())
}

/** The right to write under one name, from the first write of an attempt to its end. */
export interface Claim {
  /**
   * Before each write. Of two instances with one name the later holds: what others hold is superseded, or else given, for
   * whoever does not supersede to wait for.
   */
  readonly take: Effect.Effect<Option.Option<Term>>
  readonly leave: Effect.Effect<void>
}

/** @param keyOf is asked at the write: only then the server has to be known */
export const makeClaim = (keyOf: () => HoldingKey, supersedes: boolean): Claim => {
  let turn: Turn | undefined
  let hasLeft = false
  return {
    take: Effect.suspend(() => {
      if (hasLeft) {
        // Nobody waits for this write any more.
        return Effect.interrupt
      }
      const key = keyOf()
      turn ??= writing.takeTurn(textOf(key))
      return Effect.map(Effect.interruptible(turn.wait), () => {
        if (!supersedes) {
          return heldByOthers(key)
        }
        heldUnder(key).forEach((holding) => holding.supersede())
        return Option.none()
      })
    }),
    leave: Effect.suspend(() => {
      hasLeft = true
      return turn?.leave ?? Effect.void
    })
  }
}
