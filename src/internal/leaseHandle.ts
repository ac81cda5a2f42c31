import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type { KubeError } from "../KubeError.js"
import { isKubeError } from "../KubeError.js"
import type { LeaseLogger, LeaseLost as PlainLeaseLost, ReleaseOptions } from "../KubernetesLease.js"
import type { LeaseObject } from "../LeaseObject.js"
import type { LeaseSettings } from "../LeaseSettings.js"
import type { LeaseLost } from "../LeaseTerm.js"
import { aborted } from "./aborting.js"
import type { AttemptOptions } from "./acquiring.js"
import { acquire, begunTerm, isRaceLost, Outcome } from "./acquiring.js"
import { bounded } from "./bounded.js"
import type { Connection } from "./connection.js"
import type { Engine } from "./engine.js"
import type { HoldingKey } from "./holdings.js"
import { remember, supersedeOthers } from "./holdings.js"
import { log, logging } from "./logging.js"
import { LossHandlers } from "./lossHandlers.js"
import { outOfTime } from "./outOfTime.js"
import type { LeaseActions } from "./promiseLease.js"
import { promiseLogging } from "./promiseLogging.js"
import { promiseLoss } from "./promiseLoss.js"
import { release, releaseLogged } from "./releasing.js"
import { verify } from "./renewing.js"
import { timedOut } from "./requests.js"
import { SharedPromise } from "./sharedPromise.js"
import type { Successor } from "./successor.js"
import { successorOf } from "./successor.js"
import type { Term } from "./term.js"
import { termKey } from "./termKey.js"
import { acquireWaiting } from "./waiting.js"

type Token = { readonly token: string }

interface Holding {
  readonly term: Term
  /** The one that its user sees. */
  readonly controller: AbortController
  readonly stopWatching: AbortController
  /** Resolves when every handler has been called; never after a release. */
  readonly reported: Promise<void>
  /** Of this process's other instances. */
  readonly forget: () => void
}

/** What an instance of the Promise face is made of. */
export interface LeaseHandleOptions extends HandleOptions {
  readonly settings: LeaseSettings
  /** How long `acquire` waits for the lease. */
  readonly acquireWaitMillis: number
  readonly connection: Connection
  readonly logger: LeaseLogger | undefined
}

export interface HandleOptions {
  /** Ends what other instances of this process hold under its name (P5); else waits for their end. Default: `true`. */
  readonly supersedes?: boolean | undefined
}

/** One instance of the Promise face: at most one term at a time, and at most one attempt to get one. */
export class LeaseHandle implements LeaseActions {
  readonly #settings: LeaseSettings
  readonly #acquireWaitMillis: number
  readonly #connection: Connection
  readonly #logging: ReturnType<typeof promiseLogging>
  readonly #lossHandlers: LossHandlers
  readonly #supersedes: boolean
  #holding: Holding | undefined
  #attempt: SharedPromise<Outcome> | undefined
  #waiting: SharedPromise<Token> | undefined
  #lastRelease: Promise<void> = Promise.resolve()
  #lastReport: Promise<void> = Promise.resolve()

  constructor({ acquireWaitMillis, connection, logger, settings, supersedes = true }: LeaseHandleOptions) {
    this.#supersedes = supersedes
    this.#settings = settings
    this.#acquireWaitMillis = acquireWaitMillis
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

  acquire(): Promise<Token | null> {
    return this.#connection.whileUsed(async () => {
      if (this.#acquireWaitMillis > 0) {
        const held = await this.#waitAtMost(this.#acquireWaitMillis)
        if (held !== undefined) {
          return held
        }
      }
      return Option.match(begunTerm(await this.#tryOnce(undefined, undefined)), {
        onNone: () => null,
        onSome: ({ token }) => ({ token })
      })
    })
  }

  waitUntilAcquired(signal: AbortSignal | undefined): Promise<Token> {
    return this.#connection.whileUsed(() => this.#wait(signal))
  }

  release(options: ReleaseOptions = {}): Promise<void> {
    return this.#connection.whileUsed(async () => {
      const successor = options.to === undefined
        ? undefined
        : Either.getOrThrowWith(successorOf(options.to, options.handOverMs, "handOverMs"), (invalid) => invalid)
      this.#waiting?.giveUp()
      const outcomes = await Promise.allSettled([this.#releaseTerm(successor), this.#giveUpAttempt()])
      for (const outcome of outcomes) {
        if (outcome.status === "rejected") {
          throw outcome.reason
        }
      }
    })
  }

  /** A release that fails ends by the record's duration. */
  async releaseLogged(): Promise<void> {
    try {
      await this.release()
    } catch (error) {
      this.warn("Cannot release; the record ends by its duration", error)
    }
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
      : this.#connection.runSync((engine) => this.#logging(engine.terms.remainingMillis(term)))
  }

  get signal(): AbortSignal {
    return this.remainingMillis() > 0 && this.#holding !== undefined
      ? this.#holding.controller.signal
      : AbortSignal.abort(aborted("The lease is not held"))
  }

  onLost(handler: (reason: string, lost: PlainLeaseLost) => unknown): () => void {
    return this.#lossHandlers.add(handler)
  }

  warn(message: string, error: unknown): void {
    void this.#run(() =>
      logging({ owner: this.#settings.owner, ref: this.#settings })(
        log(Effect.logWarning(message, error))
      )
    )
  }

  /** One interval between two renewals, or until `signal` aborts. */
  async pause(signal: AbortSignal | undefined): Promise<void> {
    await this.#sleep(Duration.toMillis(this.#settings.renewalInterval), signal)
  }

  async #sleep(millis: number, signal: AbortSignal | undefined): Promise<void> {
    const options = signal === undefined ? undefined : { signal, interrupted: () => signal.reason }
    await Promise.allSettled([this.#run(() => Effect.sleep(Duration.millis(millis)), options)])
  }

  /** Nothing if the time is up. */
  async #waitAtMost(millis: number): Promise<Token | undefined> {
    const isOver = new AbortController()
    const isAcquired = new AbortController()
    void this.#sleep(millis, isAcquired.signal).then(() => isOver.abort(isOver))
    try {
      return await this.#wait(isOver.signal)
    } catch (error) {
      if (error === isOver) {
        return undefined
      }
      throw error
    } finally {
      isAcquired.abort()
    }
  }

  #wait(signal: AbortSignal | undefined): Promise<Token> {
    if (signal?.aborted === true) {
      return Promise.reject(signal.reason)
    }
    if (this.#waiting === undefined || this.#waiting.isGivenUp) {
      const waiting = new SharedPromise<Token>((givenUp) =>
        this.#waitForTerm(givenUp).finally(() => {
          if (this.#waiting === waiting) {
            this.#waiting = undefined
          }
        })
      )
      this.#waiting = waiting
    }
    return this.#waiting.join(signal)
  }

  async #waitForTerm(signal: AbortSignal): Promise<Token> {
    let begun: Term | undefined
    const attempt = (shown?: Option.Option<LeaseObject>) =>
      Effect.tap(this.#tryWithin(shown, signal), (outcome) => {
        begun = Option.getOrUndefined(begunTerm(outcome))
      })
    try {
      const { token } = await this.#run(
        (engine) =>
          Effect.uninterruptibleMask((restore) =>
            acquireWaiting({ engine, settings: this.#settings, attempt, restore })
          ),
        { signal, interrupted: givenUp }
      )
      return { token }
    } catch (error) {
      // Given up too late: what is held is not to be held without a word.
      if (begun !== undefined && this.#holding?.term === begun) {
        return { token: begun.token }
      }
      throw error
    }
  }

  #tryWithin(shown: Option.Option<LeaseObject> | undefined, signal: AbortSignal): Effect.Effect<Outcome, KubeError> {
    return Effect.catchAll(
      Effect.tryPromise({ try: () => this.#tryOnce(shown, signal), catch: (error) => error }),
      // Not one of the server's: an abort, or a defect.
      (error) => isKubeError(error) ? Effect.fail(error) : Effect.die(error)
    )
  }

  /** Concurrent callers share one attempt (A4). */
  async #tryOnce(shown: Option.Option<LeaseObject> | undefined, signal: AbortSignal | undefined): Promise<Outcome> {
    const former = this.#attempt
    if (former === undefined || former.isGivenUp) {
      // Only whoever waits has a signal.
      return this.#beginAttempt({ shown, isWaiting: signal !== undefined }, former?.promise).join(signal)
    }
    try {
      return await (signal === undefined ? this.#joinInTime(former) : former.join(signal))
    } catch (error) {
      // Whoever began it goes on watching; to others, a race that it has lost is no answer (A3).
      if (shown === undefined && isKubeError(error) && isRaceLost(error)) {
        return this.#tryOnce(shown, signal)
      }
      throw error
    }
  }

  /** It may be the attempt of somebody who waits, which may take longer (A0). */
  async #joinInTime(attempt: SharedPromise<Outcome>): Promise<Outcome> {
    const { name, namespace, owner } = this.#settings
    const limitMillis = Duration.toMillis(this.#settings.acquireTimeout)
    const isOver = new AbortController()
    const isSettled = new AbortController()
    void this.#sleep(limitMillis, isSettled.signal).then(() => {
      const lastError = this.#connection.runSync((engine) =>
        Effect.sync(() => engine.waits.trouble(this.#settings, owner))
      )
      isOver.abort(outOfTime({ doing: "acquire", operation: "get", ref: { namespace, name }, limitMillis, lastError }))
    })
    try {
      return await attempt.join(isOver.signal)
    } finally {
      isSettled.abort()
    }
  }

  /** After a former one, which gives back first what lands of it. */
  #beginAttempt(
    options: Pick<AttemptOptions, "shown" | "isWaiting">,
    former: Promise<Outcome> | undefined
  ): SharedPromise<Outcome> {
    const attempt = new SharedPromise(async (givenUp) => {
      await Promise.allSettled([former])
      return this.#acquire(options, givenUp).finally(() => {
        if (this.#attempt === attempt) {
          this.#attempt = undefined
        }
      })
    })
    this.#attempt = attempt
    return attempt
  }

  async #acquire(options: Pick<AttemptOptions, "shown" | "isWaiting">, signal: AbortSignal): Promise<Outcome> {
    const holding = this.#holding
    if (holding !== undefined) {
      if (await this.#stands(holding.term, signal)) {
        return Outcome.Begun({ term: holding.term })
      }
      await holding.reported
    }
    await this.#lastReport
    const outcome = await this.#attemptTerm(options, signal)
    Option.map(begunTerm(outcome), (term) => this.#hold(term))
    return outcome
  }

  async #attemptTerm(
    options: Pick<AttemptOptions, "shown" | "isWaiting">,
    signal: AbortSignal
  ): Promise<Outcome> {
    let begun: Option.Option<Term> = Option.none()
    const supersede = this.#supersedes ? Effect.sync(() => supersedeOthers(this.#key)) : undefined
    try {
      const outcome = await this.#run(
        (engine) =>
          Effect.uninterruptibleMask((restore) =>
            Effect.tap(acquire(engine, this.#settings, restore, { ...options, supersede }), (outcome) => {
              begun = begunTerm(outcome)
            })
          ),
        { signal, interrupted: givenUp }
      )
      if (!signal.aborted) {
        return outcome
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
      reported: watched.then((lost) => this.#report(holding, lost, begunBy)),
      forget: remember(this.#key, {
        supersede: () => this.#connection.runSync((engine) => this.#logging(engine.terms.supersede(term))),
        forget: () => {
          if (this.#holding === holding) {
            this.#drop(holding)
            this.#connection.runSync((engine) => this.#logging(Effect.asVoid(engine.terms.release(term))))
          }
        }
      })
    }
    holding.reported.then(leave, leave)
    this.#holding = holding
  }

  /** A macrotask after the acquire has settled that began the term: actor-ts ignores a loss while it acquires (P4). */
  async #report(holding: Holding, lost: LeaseLost, begunBy: Promise<Outcome> | undefined): Promise<void> {
    holding.forget()
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
  #releaseTerm(successor: Successor | undefined): Promise<void> {
    const holding = this.#holding
    if (holding === undefined || this.remainingMillis() === 0) {
      return this.#lastRelease
    }
    this.#lastRelease = this.#run((engine) => release(engine, holding.term, successor))
    this.#drop(holding)
    return this.#lastRelease
  }

  #drop(holding: Holding): void {
    this.#holding = undefined
    holding.forget()
    holding.stopWatching.abort()
    holding.controller.abort(aborted("The lease was released"))
  }

  /** P3: by the end, what has landed of the attempt is given back. */
  async #giveUpAttempt(): Promise<void> {
    const attempt = this.#attempt
    if (attempt === undefined) {
      return
    }
    attempt.giveUp()
    await Promise.allSettled([attempt.promise])
    const { owner, releaseTimeout } = this.#settings
    await this.#run((engine) =>
      engine.locks.withLock(termKey(this.#settings, owner))(Effect.void).pipe(
        bounded(releaseTimeout, () =>
          timedOut({ operation: "patch", ref: this.#settings }, Duration.toMillis(releaseTimeout)))
      )
    )
  }

  /** A release does not wait for the read (X1). */
  async #stands(term: Term, signal?: AbortSignal): Promise<boolean> {
    return this.#run(
      (engine) =>
        verify(engine, term).pipe(
          Effect.as(true),
          Effect.catchTag("LeaseLost", () => Effect.succeed(false))
        ),
      signal === undefined ? undefined : { signal, interrupted: givenUp }
    )
  }

  /** Asked for after an answer: only then a kubeconfig's server is known. */
  get #key(): HoldingKey {
    const { name, namespace, owner } = this.#settings
    return { server: this.#connection.server, namespace, name, owner }
  }

  #run<A, E>(
    use: (engine: Engine) => Effect.Effect<A, E>,
    options?: { readonly signal: AbortSignal; readonly interrupted: () => unknown }
  ): Promise<A> {
    return this.#connection.run((engine) => this.#logging(use(engine)), options)
  }
}

const givenUp = (): Error => aborted("The acquire was given up by release()")
