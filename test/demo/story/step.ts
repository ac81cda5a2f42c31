import type { Network, Place, Rights } from "../place.js"
import { Broken } from "../stage.js"
import type { Stage } from "../stage.js"

/** A figure for the table at the end. */
export interface Measured {
  readonly what: string
  readonly value: string
  /** What it should be, and why. */
  readonly expected: string
}

/** A chapter of the story. It leaves one member holding and the others waiting. */
export interface Step {
  readonly title: string
  readonly explanation: string
  readonly tell:
    | { readonly anywhere: (stage: Stage) => Promise<ReadonlyArray<Measured>> }
    | { readonly onNetwork: (stage: Stage, network: Network) => Promise<ReadonlyArray<Measured>> }
    | { readonly withRights: (stage: Stage, rights: Rights) => Promise<ReadonlyArray<Measured>> }
}

/** The step as it can be told here; `undefined` where that would break what is not the demo's to break. */
export const tellingOf = (
  { tell }: Step,
  { network, rights }: Place
): ((stage: Stage) => Promise<ReadonlyArray<Measured>>) | undefined => {
  if ("anywhere" in tell) {
    return tell.anywhere
  }
  if ("onNetwork" in tell) {
    return network && ((stage) => tell.onNetwork(stage, network))
  }
  return rights && ((stage) => tell.withRights(stage, rights))
}

/** For what no slow machine excuses. */
export const demand = (holds: boolean, otherwise: string): void => {
  if (!holds) {
    throw new Broken(otherwise)
  }
}
