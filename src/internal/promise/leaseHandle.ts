import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as FiberId from "effect/FiberId"
import { identity } from "effect/Function"
import * as Option from "effect/Option"
import type { KubeError, RequestError } from "../../KubeError.js"
import type { LeaseSettings } from "../../LeaseSettings.js"
import type { LeaseLost } from "../../LeaseTerm.js"
import { LostReason } from "../../LeaseTerm.js"
import { monotonicNanos } from "../base/clocks.js"
import { forkDetached } from "../base/forkDetached.js"
import { log, logging } from "../base/logging.js"
import { bounded, inTime } from "../base/race.js"
import { termKey } from "../base/termKey.js"
import { acquire } from "../protocol/attempt.js"
import { begunTerm, Outcome } from "../protocol/attempting.js"
import { look } from "../protocol/changes.js"
import { health } from "../protocol/health.js"
import { release } from "../protocol/release.js"
import { verify } from "../protocol/renew.js"
import type { EngineSettings } from "../settings/engineSettings.js"
import { engineSettings } from "../settings/engineSettings.js"
import { millisecondNumbers } from "../settings/resolve.js"
import type { Successor } from "../settings/successor.js"
import { successorOf } from "../settings/successor.js"
import type { Engine } from "../state/engine.js"
import { timedOut } from "../state/requests.js"
import type { Term } from "../state/term.js"
import { aborted, onAbort } from "./aborting.js"
import { Call } from "./call.js"
import type { Connection } from "./connection.js"
import type { LeaseActions, Token } from "./face.js"
import { holderIn } from "./holder.js"
import type { HoldingKey } from "./holdings.js"
import { heldByOthers, makeClaim, remember } from "./holdings.js"
import type {
  LeaseHealth,
  LeaseHolder,
  LeaseLogger,
  LeaseLost as PlainLeaseLost,
  ReleaseOptions
} from "./interfaces.js"
import { promiseLogging } from "./logger.js"
import { promiseLoss } from "./loss.js"
import { LossHandlers } from "./lossHandlers.js"
import type { HowToAttempt } from "./sharedAttempts.js"
import { SharedAttempts } from "./sharedAttempts.js"

interface Holding {
  readonly term: Term
  /** The one that its user sees. */
  readonly controller: AbortController
  /** Of this process's other instances. */
  readonly forget: () => void
}

/** A machine on which terms run out again and again before their callers hear of them is too slow for such a ttl. */
const mostRepeats = 3

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

/**
 * One instance of the Promise face: at most one term at a time, and at most one attempt to get one. Each call crosses once
 * from promises to effects; what calls share, they share there.
 */
export class LeaseHandle implements LeaseActions {
  readonly #settings: EngineSettings
  readonly #acquireWaitMillis: number
  readonly #connection: Connection
  readonly #logging: ReturnType<typeof promiseLogging>
  readonly #lossHandlers: LossHandlers
  readonly #supersedes: boolean
  readonly #attempts: SharedAttempts
  /** Those that may still resolve with a term. */
  readonly #calls = new Set<Call>()
  /** An acquire has been given up or has failed: a write of it may still run out, and what lands is given back (T3). */
  #mayGiveBack = false
  /** Those that a call has resolved with. */
  readonly #told = new WeakSet<Term>()
  #holding: Holding | undefined
  /** The latest term has ended, and its loss has been told if it was one. */
  #reported: Effect.Effect<void> = Effect.void
  #releasing: Promise<void> | undefined

  constructor({ acquireWaitMillis, connection, logger, settings, supersedes = true }: LeaseHandleOptions) {
    this.#supersedes = supersedes
    this.#settings = engineSettings(settings)
    this.#acquireWaitMillis = acquireWaitMillis
    this.#connection = connection
    this.#logging = promiseLogging(logger)
    this.#attempts = new SharedAttempts(this.#settings, (engine, options, told) => this.#attempt(engine, options, told))
    this.#lossHandlers = new LossHandlers((error) => this.#log(Effect.logError("An onLost handler failed", { error })))
  }

  acquire<A>(answer: (token: Token | null) => A): Promise<A> {
    return this.#call(
      undefined,
      (engine) => this.#acquire(engine),
      (term) => answer(term === undefined ? null : { token: term.token })
    )
  }

  waitUntilAcquired(signal: AbortSignal | undefined): Promise<Token> {
    if (signal?.aborted === true) {
      return Promise.reject(signal.reason)
    }
    return this.#call(signal, (engine) => this.#attempts.wait(engine, identity), ({ token }) => ({ token }))
  }

  release(options: ReleaseOptions = {}): Promise<void> {
    return this.#connection.whileUsed(async () => {
      const successor = options.to === undefined
        ? undefined
        : Either.getOrThrowWith(successorOf(options.to, options.handOverMs, "handOverMs", millisecondNumbers), identity)
      const calls = [...this.#calls]
      this.#giveUp(calls)
      const outcomes = await Promise.allSettled([this.#releaseTerm(successor), this.#untilGivenBack(calls)])
      for (const outcome of outcomes) {
        if (outcome.status === "rejected") {
          throw outcome.reason
        }
      }
    })
  }

  /**
   * Whether the present term stands. The clocks decide, and the server where it can be reached: whoever suspects a loss
   * may have noticed it before the clocks and the next renewal.
   */
  async stillHolds(): Promise<boolean> {
    try {
      return this.remainingMillis() > 0 && await this.verify()
    } catch {
      return this.remainingMillis() > 0
    }
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
    return term !== undefined &&
      this.#connection.whileUsed(() => this.#run((engine) => Effect.map(this.#standing(engine, term), Option.isSome)))
  }

  /** 0 when nothing is held. */
  remainingMillis(): number {
    const term = this.#holding?.term
    return term === undefined ? 0 : this.#remainingMillisOf(term)
  }

  get signal(): AbortSignal {
    return this.remainingMillis() > 0 && this.#holding !== undefined
      ? this.#holding.controller.signal
      : AbortSignal.abort(aborted("The lease is not held"))
  }

  /** Of the present term; `undefined` when nothing is held. */
  get token(): string | undefined {
    return this.remainingMillis() > 0 ? this.#holding?.term.token : undefined
  }

  get owner(): string {
    return this.#settings.owner
  }

  get ending(): AbortSignal | undefined {
    return this.#connection.ending
  }

  /** Whoever holds the lease, as its record says. */
  holder(): Promise<LeaseHolder | undefined> {
    return this.#connection.whileUsed(() =>
      this.#run((engine) => Effect.map(look(engine.requests, this.#settings.ref), holderIn))
    )
  }

  /** Without I/O. */
  health(): LeaseHealth {
    const { owner, ref } = this.#settings
    const { problems } = this.#connection.runSync(health)
    const own = problems.filter((problem) => termKey(problem.ref, problem.owner) === termKey(ref, owner))
    return { isHealthy: own.length === 0, problems: own.map(({ message }) => message) }
  }

  onLost(handler: (reason: string, lost: PlainLeaseLost) => unknown): () => void {
    return this.#lossHandlers.add(handler)
  }

  warn(message: string, error: unknown): void {
    this.#log(Effect.logWarning(message, { error }))
  }

  error(message: string, error: unknown): void {
    this.#log(Effect.logError(message, { error }))
  }

  get renewalIntervalMillis(): number {
    return this.#settings.renewalIntervalMillis
  }

  /** From an arbitrary origin. */
  monotonicMillis(): number {
    return this.#connection.runSync(() => Effect.map(monotonicNanos, (nanos) => Number(nanos) / 1_000_000))
  }

  /** Or until `signal` aborts. */
  async pause(millis: number, signal: AbortSignal | undefined): Promise<void> {
    const over = new AbortController()
    const stopListening = onAbort([signal], (reason) => over.abort(reason))
    const sleep = this.#run(() => Effect.sleep(millis), {
      signal: over.signal,
      interrupted: () => over.signal.reason
    })
    await Promise.allSettled([sleep])
    stopListening()
  }

  /**
   * A call counts as one until its promise settles: it rejects if it is given up before, and what it has been given by
   * then is given back unless another call resolves with it (P3).
   */
  #call<A extends Term | undefined, B>(
    signal: AbortSignal | undefined,
    use: (engine: Engine) => Effect.Effect<A, KubeError>,
    answer: (term: A) => B
  ): Promise<B> {
    const call = new Call([signal, this.#connection.ending])
    this.#calls.add(call)
    return this.#settle(
      call,
      () =>
        this.#connection.whileUsed(() =>
          this.#run(use, { signal: call.signal, interrupted: () => call.signal.reason })
        ),
      answer
    )
  }

  async #settle<A extends Term | undefined, B>(
    call: Call,
    ask: () => Promise<A>,
    answer: (term: A) => B
  ): Promise<B> {
    try {
      const term = await this.#unexpired(ask, mostRepeats)
      // Nothing comes between this look and the settling of the promise.
      call.signal.throwIfAborted()
      if (term !== undefined) {
        this.#told.add(term)
      }
      return answer(term)
    } catch (error) {
      this.#calls.delete(call)
      this.#mayGiveBack = true
      await this.#releaseUntold()
      throw call.signal.aborted ? call.signal.reason : error
    } finally {
      this.#calls.delete(call)
      call.end()
    }
  }

  /** The process may have stood still since the term began (T5). */
  async #unexpired<A extends Term | undefined>(ask: () => Promise<A>, repeats: number): Promise<A> {
    const term = await ask()
    return term !== undefined && repeats > 0 && this.#hasExpired(term) ? this.#unexpired(ask, repeats - 1) : term
  }

  #remainingMillisOf(term: Term): number {
    return this.#connection.runSync((engine) => this.#logging(engine.terms.remainingMillis(term)))
  }

  #hasExpired(term: Term): boolean {
    return this.#remainingMillisOf(term) === 0 && term.loss?.reason._tag === "Expired"
  }

  /** Those who wait get the lease in time or, at last, by one more attempt. */
  #acquire(engine: Engine): Effect.Effect<Term | undefined, KubeError> {
    const once = Effect.map(this.#attempts.tryOnce(engine), (outcome) => Option.getOrUndefined(begunTerm(outcome)))
    return this.#acquireWaitMillis === 0
      ? once
      : Effect.flatMap(
        this.#attempts.wait(engine, inTime(this.#acquireWaitMillis)),
        (waited) => Option.isSome(waited) ? Effect.succeed(waited.value) : once
      )
  }

  #attempt(
    engine: Engine,
    options: HowToAttempt,
    told: Effect.Effect<void>
  ): Effect.Effect<Outcome, KubeError> {
    return Effect.gen(this, function*() {
      const term = this.#holding?.term
      if (term !== undefined && Option.isSome(yield* Effect.interruptible(this.#standing(engine, term)))) {
        return Outcome.Begun({ term })
      }
      // A loss is told before the next term begins (T5).
      yield* Effect.interruptible(this.#reported)
      const heldHere = this.#supersedes ? Option.none() : heldByOthers(this.#key)
      return Option.isSome(heldHere)
        ? Outcome.HeldHere({ term: heldHere.value })
        : yield* this.#begin(engine, options, told)
    })
  }

  #begin(
    engine: Engine,
    options: HowToAttempt,
    told: Effect.Effect<void>
  ): Effect.Effect<Outcome, KubeError> {
    const claim = makeClaim(() => this.#key, this.#supersedes)
    return acquire(engine, this.#settings, Effect.interruptible, { ...options, claim: claim.take }).pipe(
      Effect.tap((outcome) => outcome._tag === "Begun" ? this.#hold(engine, outcome.term, told) : Effect.void),
      Effect.ensuring(claim.leave)
    )
  }

  #hold(engine: Engine, term: Term, told: Effect.Effect<void>): Effect.Effect<void> {
    return Effect.suspend(() => {
      const leave = this.#connection.use()
      const holding: Holding = {
        term,
        controller: new AbortController(),
        forget: remember(this.#key, {
          term,
          supersede: () => this.#connection.runSync((engine) => this.#logging(engine.terms.supersede(term))),
          lose: (reason) => this.#lose(term, reason),
          forget: () => {
            this.#drop(holding)
            this.#connection.runSync((engine) => this.#logging(Effect.asVoid(engine.terms.release(term))))
          }
        })
      }
      const reported = Deferred.unsafeMake<void>(FiberId.none)
      const stopListening = onAbort([this.#connection.ending], () => this.#loseAtOnce(holding))
      this.#holding = holding
      this.#reported = Deferred.await(reported)
      return term.ended.pipe(
        Effect.zipRight(
          Effect.suspend(() => term.loss === undefined ? Effect.void : this.#report(holding, term.loss, told))
        ),
        Effect.ensuring(Effect.sync(() => {
          Deferred.unsafeDone(reported, Effect.void)
          stopListening()
          leave()
        })),
        forkDetached(engine.holding),
        Effect.asVoid
      )
    })
  }

  /**
   * A macrotask after the acquire has settled that began the term: actor-ts ignores a loss while it acquires (P4). What
   * nobody was told of is no loss.
   */
  #report(holding: Holding, lost: LeaseLost, told: Effect.Effect<void>): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (holding.controller.signal.aborted) {
        return Effect.void
      }
      const loss = promiseLoss(lost)
      this.#end(holding, loss)
      const tell = this.#lossHandlers.present()
      return told.pipe(
        Effect.zipRight(Effect.sleep(Duration.zero)),
        Effect.zipRight(Effect.sync(() => this.#told.has(holding.term) && tell(loss)))
      )
    })
  }

  #lose(term: Term, reason: LostReason): void {
    this.#connection.runSync((engine) => this.#logging(engine.terms.lose(term, reason)))
  }

  /** The server is given up. A timer that told of it later might never go off: whoever does that may own all timers. */
  #loseAtOnce(holding: Holding): void {
    const { term } = holding
    this.#lose(term, LostReason.Deleted())
    if (term.loss !== undefined && !holding.controller.signal.aborted) {
      const loss = promiseLoss(term.loss)
      this.#end(holding, loss)
      if (this.#told.has(term)) {
        this.#lossHandlers.present()(loss)
      }
    }
  }

  #giveUp(calls: ReadonlyArray<Call>): void {
    this.#attempts.close()
    calls.forEach((call) => call.giveUp(aborted("The acquire was given up by release()")))
  }

  /** Local first (X1): by the time that this gives its promise, nothing is held. */
  #releaseTerm(successor: Successor | undefined): Promise<void> | undefined {
    const holding = this.#holding
    if (holding === undefined || this.remainingMillis() === 0) {
      return this.#releasing
    }
    const releasing = this.#run((engine) => release(engine, holding.term, successor)).finally(() => {
      if (this.#releasing === releasing) {
        this.#releasing = undefined
      }
    })
    this.#releasing = releasing
    this.#drop(holding)
    return releasing
  }

  /** Nobody knows of a term that began although all who had asked for it were given up. */
  async #releaseUntold(): Promise<void> {
    if (this.#calls.size === 0 && this.#holding !== undefined && !this.#told.has(this.#holding.term)) {
      await this.releaseLogged()
    }
  }

  #drop(holding: Holding): void {
    this.#end(holding, aborted("The lease was released"))
  }

  #end(holding: Holding, reason: Error): void {
    if (this.#holding === holding) {
      this.#holding = undefined
    }
    holding.forget()
    holding.controller.abort(reason)
  }

  /** P3: by the end, what has landed for these calls, or for one before, is given back. */
  async #untilGivenBack(calls: ReadonlyArray<Call>): Promise<void> {
    if (calls.length === 0 && !this.#mayGiveBack) {
      return
    }
    const { owner, ref, releaseTimeoutMillis } = this.#settings
    const ended = Effect.promise(() => Promise.all(calls.map((call) => call.ended)))
    this.#mayGiveBack = false
    try {
      await this.#run((engine) =>
        Effect.zipRight(ended, engine.locks.withLock(termKey(ref, owner))(Effect.void)).pipe(
          bounded(
            releaseTimeoutMillis,
            () => timedOut({ operation: "patch", ref }, releaseTimeoutMillis)
          )
        )
      )
    } catch (error) {
      this.#mayGiveBack = true
      throw error
    }
  }

  /** The term if the server says that it stands, none if it is lost. */
  #standing(engine: Engine, term: Term): Effect.Effect<Option.Option<Term>, RequestError> {
    return verify(engine, term).pipe(
      Effect.as(Option.some(term)),
      Effect.catchTag("LeaseLost", () => Effect.succeedNone)
    )
  }

  /** Asked for after an answer: only then a kubeconfig's server is known. */
  get #key(): HoldingKey {
    const { owner, ref: { name, namespace } } = this.#settings
    return { server: this.#connection.server, namespace, name, owner }
  }

  #log(entry: Effect.Effect<void>): void {
    void this.#run(() => logging({ owner: this.#settings.owner, ref: this.#settings.ref })(log(entry)))
  }

  #run<A, E>(
    use: (engine: Engine) => Effect.Effect<A, E>,
    options?: { readonly signal: AbortSignal; readonly interrupted: () => unknown }
  ): Promise<A> {
    return this.#connection.run((engine) => this.#logging(use(engine)), options)
  }
}
