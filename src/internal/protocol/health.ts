import * as Effect from "effect/Effect"
import type { Instant } from "../base/clocks.js"
import { now } from "../base/clocks.js"
import type { Engine } from "../state/engine.js"
import type { Term } from "../state/term.js"
import type { Wait } from "../state/waits.js"
import type { Health, HealthProblem } from "./heldLease.js"

/** By what the service remembers, without I/O. */
export const health = (engine: Engine): Effect.Effect<Health> =>
  Effect.gen(function*() {
    const terms = yield* engine.terms.held
    const at = yield* now
    const problems = [...terms.flatMap((term) => overdue(term, at)), ...engine.waits.all.flatMap(inTrouble)]
    return { isHealthy: problems.length === 0, problems }
  })

const overdue = (term: Term, at: Instant): ReadonlyArray<HealthProblem> =>
  term.isOverdue(at)
    ? [{
      ref: term.ref,
      owner: term.owner,
      message: `held for ${Math.floor(term.remainingMillis(at))} ms more, but not renewed in time`
        + `${term.lastError === undefined ? "" : `: ${term.lastError.message}`}`
    }]
    : []

const inTrouble = ({ owner, ref, trouble }: Wait): ReadonlyArray<HealthProblem> =>
  trouble === undefined
    ? []
    : [{ ref, owner, message: `waits, but cannot tell whether the lease is free: ${trouble.message}` }]
