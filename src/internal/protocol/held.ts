import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { InvalidSettings } from "../../InvalidSettings.js"
import type { RequestError } from "../../KubeError.js"
import type { LeaseRef } from "../../LeaseObject.js"
import type { FencingToken, LeaseLost } from "../../LeaseTerm.js"
import { now } from "../base/clocks.js"
import { effectDurations } from "../settings/resolve.js"
import { successorOf } from "../settings/successor.js"
import type { Engine } from "../state/engine.js"
import type { Term } from "../state/term.js"
import type { HandOver, HeldLease } from "./heldLease.js"
import { release } from "./release.js"
import { verify, whileHeld } from "./renew.js"

/** A term as its user has it. Its effects are made when they are asked for: many leases would keep many unused ones. */
export class TermLease implements HeldLease {
  readonly ref: LeaseRef
  readonly owner: string
  readonly token: FencingToken
  readonly #engine: Engine
  readonly #term: Term

  constructor(engine: Engine, term: Term) {
    this.ref = term.ref
    this.owner = term.owner
    this.token = term.token
    this.#engine = engine
    this.#term = term
  }

  get isHeld(): Effect.Effect<boolean> {
    return Effect.flatMap(now, (at) => this.#engine.terms.isHeld(this.#term, at))
  }

  get ensureHeld(): Effect.Effect<void, LeaseLost> {
    return Effect.asVoid(whileHeld(this.#engine, this.#term))
  }

  get remaining(): Effect.Effect<Duration.Duration> {
    return Effect.map(this.#engine.terms.remainingMillis(this.#term), Duration.millis)
  }

  get verify(): Effect.Effect<void, LeaseLost | RequestError> {
    return Effect.asVoid(verify(this.#engine, this.#term))
  }

  get lost(): Effect.Effect<never, LeaseLost> {
    return this.#term.lost
  }

  get release(): Effect.Effect<void, RequestError> {
    return release(this.#engine, this.#term)
  }

  handOver({ duration, to }: HandOver): Effect.Effect<void, RequestError | InvalidSettings> {
    return Effect.flatMap(
      Effect.suspend(() => successorOf(to, duration, "duration", effectDurations)),
      (successor) => release(this.#engine, this.#term, successor)
    )
  }
}
