import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { identity } from "effect/Function"
import type { KubeError, WaitError } from "../../KubeError.js"
import { join, Shared } from "../base/shared.js"
import { withinAcquireTimeout } from "../protocol/acquireTimeout.js"
import type { AttemptOptions, Outcome } from "../protocol/attempting.js"
import { isRaceLost, Known } from "../protocol/attempting.js"
import { acquireWaiting } from "../protocol/wait.js"
import type { EngineSettings } from "../settings/engineSettings.js"
import type { Engine } from "../state/engine.js"
import type { Term } from "../state/term.js"

export type HowToAttempt = Required<Pick<AttemptOptions, "isWaiting">> & { readonly known: Known }

/**
 * One attempt. Runs uninterruptibly, but for what it makes interruptible itself.
 *
 * @param told completes when its callers are being told what it has come to
 */
export type Attempt = (
  engine: Engine,
  options: HowToAttempt,
  told: Effect.Effect<void>
) => Effect.Effect<Outcome, KubeError>

/** What those who acquire with one instance share: at most one wait, and at most one attempt at a time (A4). */
export class SharedAttempts {
  readonly #settings: EngineSettings
  readonly #attempt: Attempt
  #attempting: Shared<Outcome, KubeError> | undefined
  #waiting: Shared<Term, WaitError> | undefined

  constructor(settings: EngineSettings, attempt: Attempt) {
    this.#settings = settings
    this.#attempt = attempt
  }

  /** Within `acquireTimeout`, also where it joins the attempt of somebody who waits, which may take longer (A0). */
  tryOnce(engine: Engine): Effect.Effect<Outcome, KubeError> {
    const { owner, ref } = this.#settings
    return this.#joinOrBegin(
      engine,
      { isWaiting: false, known: Known.Unread() },
      withinAcquireTimeout(this.#settings, () => engine.waits.trouble(ref, owner))
    )
  }

  /** @param limit bounds the wait, but not what goes on for others */
  wait<A>(
    engine: Engine,
    limit: (outcome: Effect.Effect<Term, WaitError>) => Effect.Effect<A, WaitError>
  ): Effect.Effect<A, WaitError> {
    return join(() => {
      if (this.#waiting?.isOpen !== true) {
        this.#waiting = this.#beginWaiting(engine)
      }
      return this.#waiting
    }, limit)
  }

  /** Whoever comes from now on begins anew. */
  close(): void {
    this.#attempting?.close()
    this.#waiting?.close()
  }

  get #open(): Shared<Outcome, KubeError> | undefined {
    return this.#attempting?.isOpen === true ? this.#attempting : undefined
  }

  /** @param limit bounds the wait for the attempt of somebody else */
  #joinOrBegin(
    engine: Engine,
    options: HowToAttempt,
    limit: (outcome: Effect.Effect<Outcome, KubeError>) => Effect.Effect<Outcome, KubeError>
  ): Effect.Effect<Outcome, KubeError> {
    return Effect.suspend(() => {
      let hasBegun = false
      return join(
        () => {
          const present = this.#open
          hasBegun = present === undefined
          return present ?? this.#begin(engine, options)
        },
        (outcome) => hasBegun ? outcome : limit(outcome)
      ).pipe(
        // Whoever began it goes on watching; to others, a race that it has lost is no answer (A3).
        Effect.catchIf(
          (error) => !hasBegun && options.known._tag === "Unread" && isRaceLost(error),
          () => this.#joinOrBegin(engine, options, limit)
        )
      )
    })
  }

  #begin(engine: Engine, options: HowToAttempt): Shared<Outcome, KubeError> {
    // A former one that is given up gives back first what lands of it.
    const formerEnded = this.#attempting?.ended ?? Effect.void
    const attempting: Shared<Outcome, KubeError> = new Shared(
      engine.acquiring,
      () =>
        Effect.interruptible(formerEnded).pipe(
          Effect.zipRight(this.#attempt(engine, options, attempting.ended)),
          Effect.onExit(() => {
            attempting.close()
            return aTurnOfItsOwn
          })
        )
    )
    this.#attempting = attempting
    return attempting
  }

  #beginWaiting(engine: Engine): Shared<Term, WaitError> {
    const waiting: Shared<Term, WaitError> = new Shared(engine.acquiring, () =>
      acquireWaiting({
        engine,
        settings: this.#settings,
        attempt: (known) =>
          Effect.tap(
            Effect.interruptible(this.#joinOrBegin(engine, { isWaiting: true, known }, identity)),
            (outcome) => {
              // Its watch closes behind it.
              if (outcome._tag === "Begun") {
                waiting.settle(Effect.succeed(outcome.term))
              }
            }
          ),
        restore: Effect.interruptible
      }))
    return waiting
  }
}

/**
 * What an attempt has come to is told in a macrotask of its own. Whatever ran before has come to rest then, so that nobody
 * calls `release()` between the settling of a promise and the moment in which its caller learns of it (P3).
 */
const aTurnOfItsOwn = Effect.interruptible(Effect.sleep(Duration.zero))
