/** A term that an instance of the Promise face holds. */
export interface OwnHolding {
  /** Ends as lost to another instance of this process. */
  readonly supersede: () => void
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

/** P5: of two instances with one name the later holds. */
export const supersedeOthers = (key: HoldingKey): void =>
  [...holdings.get(textOf(key))?.keys() ?? []].forEach((holding) => holding.supersede())

export const forgetAllOn = (server: string): void => {
  const all = [...holdings.values()].flatMap((same) => Array.from(same))
  all.filter(([, key]) => key.server === server).forEach(([holding]) => holding.forget())
}
