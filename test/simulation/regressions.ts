import * as Arr from "effect/Array"
import * as Order from "effect/Order"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { parse } from "./exactJson.js"
import type { Plan } from "./plan.js"

/** A history that has broken a promise once. */
export interface Kept {
  /** The rule that makes it impossible, and what happened. */
  readonly title: string
  readonly plan: Plan
}

/** Seen from the root of the repository, from which everything is run; bundles lie elsewhere. */
export const folder = "test/simulation/regressions"

/** Those that `npm run simulate -- --keep name` has written down. */
export const readRegressions = (): ReadonlyArray<Kept> =>
  Arr.sort(readdirSync(folder), Order.string).map((file) => parse(readFileSync(join(folder, file), "utf8")) as Kept)
