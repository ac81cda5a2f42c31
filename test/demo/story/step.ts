import type { Faults } from "../place.js"
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
    /** Breaks what lies between the members and the API server. */
    | { readonly withFaults: (stage: Stage, faults: Faults) => Promise<ReadonlyArray<Measured>> }
}

/** For what no slow machine excuses. */
export const demand = (holds: boolean, otherwise: string): void => {
  if (!holds) {
    throw new Broken(otherwise)
  }
}
