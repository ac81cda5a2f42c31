import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { LeaseLogger, LeaseLost as PlainLeaseLost } from "../KubernetesLease.js"
import type { LeaseSettings } from "../LeaseSettings.js"
import type { LeaseLost } from "../LeaseTerm.js"
import { acquire } from "./acquiring.js"
import { bounded } from "./bounded.js"
import { now } from "./clocks.js"
import type { Connection } from "./connection.js"
import type { Engine } from "./engine.js"
import { log, logging } from "./logging.js"
import { LossHandlers } from "./lossHandlers.js"
import { promiseLogging } from "./promiseLogging.js"
import { promiseLoss } from "./promiseLoss.js"
import { release, releaseLogged } from "./releasing.js"
import { verify } from "./renewing.js"
import { timedOut } from "./requests.js"
import type { Term } from "./term.js"
import { termKey } from "./termKey.js"

type Acquired = { readonly token: string } | null

interface Attempt {
  readonly promise: Promise<Acquired>
  readonly abort: AbortController
}

interface Holding {
  readonly term: Term
  /** The one that its user sees. */
  readonly controller: AbortController
  readonly stopWatching: AbortController
  /** Resolves when every handler has been called; never after a release. */
  readonly reported: Promise<void>
}

/** One instance of the Promise face: at most one term at a time, and at most one attempt to get one. */
export class LeaseHandle {
  readonly #settings: LeaseSettings
  readonly #connection: Connection
  readonly #logging: ReturnType<typeof promiseLogging>
  readonly #lossHandlers: LossHandlers
  #holding: Holding | undefined
  #attempt: Attempt | undefined
  #lastRelease: Promise<void> = Promise.resolve()
  #lastReport: Promise<void> = Promise.resolve()

  constructor(settings: LeaseSettings, connection: Connection, logger: LeaseLogger | undefined) {
    this.#settings = settings
    this.#connection = connection
    this.#logging = promiseLogging(logger)
    this.#lossHandlers = new LossHandlers((error) => {
      void this.#run(() =>
        log(Effect.logError("An onLost handler failed", error)).pipe(
          logging({ owner: settings.owner, ref: settings })
        )
      )
    })
  }

  /** Concurrent callers share one attempt (A4). */
  acquire(): Promise<Acquired> {
    if (this.#attempt === undefined) {
      const abort = new AbortController()
      const promise = this.#connection.whileUsed(() => this.#acquire(abort.signal)).finally(() => {
        this.#attempt = undefined
      })
      this.#attempt = { promise, abort }
    }
    return this.#attempt.promise
  }

  release(): Promise<void> {
    return this.#connection.whileUsed(async () => {
      const outcomes = await Promise.allSettled([this.#releaseTerm(), this.#giveUpAttempt()])
      for (const outcome of outcomes) {
        if (outcome.status === "rejected") {
          throw outcome.reason
        }
      }
    })
  }

  async verify(): Promise<boolean> {
    const term = this.#holding?.term
    return term !== undefined && this.#connection.whileUsed(() => this.#stands(term))
  }

  /** 0 when nothing is held. */
  remainingMillis(): number {
    const term = this.#holding?.term
    return term === undefined
      ? 0
      : this.#connection.runSync((engine) =>
        this.#logging(
          Effect.flatMap(now, (at) => Effect.as(engine.terms.isHeld(term, at), term.remainingMillis(at)))
        )
      )
  }

  get signal(): AbortSignal {
    return this.remainingMillis() > 0 && this.#holding !== undefined
      ? this.#holding.controller.signal
      : AbortSignal.abort(aborted("The lease is not held"))
  }

  onLost(handler: (reason: string, lost: PlainLeaseLost) => unknown): () => void {
    return this.#lossHandlers.add(handler)
  }

  async #acquire(signal: AbortSignal): Promise<Acquired> {
    const holding = this.#holding
    if (holding !== undefined) {
      if (await this.#stands(holding.term)) {
        return { token: holding.term.token }
      }
      await holding.reported
    }
    await this.#lastReport
    const term = await this.#newTerm(signal)
    return Option.match(term, {
      onNone: () => null,
      onSome: (term) => {
        this.#hold(term)
        return { token: term.token }
      }
    })
  }

  async #newTerm(signal: AbortSignal): Promise<Option.Option<Term>> {
    let begun: Option.Option<Term> = Option.none()
    try {
      const term = await this.#run(
        (engine) =>
          Effect.uninterruptibleMask((restore) =>
            Effect.tap(acquire(engine, this.#settings, restore), (term) => {
              begun = term
            })
          ),
        { signal, interrupted: givenUp }
      )
      if (!signal.aborted) {
        return term
      }
    } catch (error) {
      await this.#releaseBegun(begun)
      throw error
    }
    await this.#releaseBegun(begun)
    throw givenUp()
  }

  /** A term that began although its acquire was given up. */
  async #releaseBegun(begun: Option.Option<Term>): Promise<void> {
    if (Option.isSome(begun)) {
      await this.#run((engine) => releaseLogged(engine, begun.value))
    }
  }

  #hold(term: Term): void {
    const leave = this.#connection.use()
    const controller = new AbortController()
    const stopWatching = new AbortController()
    const begunBy = this.#attempt?.promise
    const watched = this.#run(() => Effect.flip(term.lost), {
      signal: stopWatching.signal,
      interrupted: () => aborted("The lease was released")
    })
    const holding: Holding = {
      term,
      controller,
      stopWatching,
      reported: watched.then((lost) => this.#report(holding, lost, begunBy))
    }
    holding.reported.then(leave, leave)
    this.#holding = holding
  }

  /** A macrotask after the acquire has settled that began the term: actor-ts ignores a loss while it acquires (P4). */
  async #report(holding: Holding, lost: LeaseLost, begunBy: Promise<Acquired> | undefined): Promise<void> {
    if (this.#holding === holding) {
      this.#holding = undefined
    }
    this.#lastReport = holding.reported
    const loss = promiseLoss(lost)
    holding.controller.abort(loss)
    const tell = this.#lossHandlers.present()
    await begunBy
    await this.#run(() => Effect.sleep(Duration.zero))
    tell(loss)
  }

  /** Local first (X1): by the time that this gives its promise, nothing is held. */
  #releaseTerm(): Promise<void> {
    const holding = this.#holding
    if (holding === undefined || this.remainingMillis() === 0) {
      return this.#lastRelease
    }
    this.#holding = undefined
    holding.stopWatching.abort()
    this.#lastRelease = this.#run((engine) => release(engine, holding.term))
    holding.controller.abort(aborted("The lease was released"))
    return this.#lastRelease
  }

  /** P3: by the end, what has landed of the attempt is given back. */
  async #giveUpAttempt(): Promise<void> {
    if (this.#attempt === undefined) {
      return
    }
    const { abort, promise } = this.#attempt
    abort.abort()
    await Promise.allSettled([promise])
    const { owner, releaseTimeout } = this.#settings
    await this.#run((engine) =>
      engine.locks.withLock(termKey(this.#settings, owner))(Effect.void).pipe(
        bounded(releaseTimeout, () =>
          timedOut({ operation: "patch", ref: this.#settings }, Duration.toMillis(releaseTimeout)))
      )
    )
  }

  async #stands(term: Term): Promise<boolean> {
    return this.#run((engine) =>
      verify(engine, term).pipe(
        Effect.as(true),
        Effect.catchTag("LeaseLost", () => Effect.succeed(false))
      )
    )
  }

  #run<A, E>(
    use: (engine: Engine) => Effect.Effect<A, E>,
    options?: { readonly signal: AbortSignal; readonly interrupted: () => Error }
  ): Promise<A> {
    return this.#connection.run((engine) => this.#logging(use(engine)), options)
  }
}

const givenUp = (): Error => aborted("The acquire was given up by release()")

const aborted = (message: string): Error => Object.assign(new Error(message), { name: "AbortError" })
