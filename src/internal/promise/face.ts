/// <reference lib="esnext.disposable" />
import { fromFaults } from "../../InvalidSettings.js"
import { handlerFaults, releaseFaults, unlessFaulty, waitFaults } from "./arguments.js"
import type { Lease, LeaseHealth, LeaseHolder, LeaseLost, ReleaseOptions, WaitOptions } from "./interfaces.js"

export interface Token {
  readonly token: string
}

/**
 * What an instance of the Promise face asks of the engine. Its promises are handed on as they are, for until they settle
 * a `release()` gives them up (P3).
 */
export interface LeaseActions {
  readonly acquire: <A>(answer: (token: Token | null) => A) => Promise<A>
  readonly waitUntilAcquired: (signal: AbortSignal | undefined) => Promise<Token>
  readonly release: (options?: ReleaseOptions) => Promise<void>
  readonly verify: () => Promise<boolean>
  readonly remainingMillis: () => number
  readonly signal: AbortSignal
  readonly token: string | undefined
  readonly owner: string
  readonly holder: () => Promise<LeaseHolder | undefined>
  readonly health: () => LeaseHealth
  readonly onLost: (handler: (reason: string, lost: LeaseLost) => unknown) => () => void
}

/**
 * The methods that `KubernetesLease` and `InMemoryLease` share.
 *
 * @since 0.1.0
 */
export abstract class PromiseLease implements Lease {
  readonly #actions: LeaseActions

  constructor(actions: LeaseActions) {
    this.#actions = actions
  }

  /**
   * `true`: held. `false`: somebody else holds it. Rejects when neither can be told. On a held term it asks the server
   * once. Concurrent calls share one attempt. With `acquireWaitMs` it watches for so long before it says `false`.
   */
  acquire(): Promise<boolean> {
    return this.#actions.acquire((token) => token !== null)
  }

  /** As `acquire`, with the fencing token of the term, or `null`. */
  acquireWithToken(): Promise<{ readonly token: string } | null> {
    return this.#actions.acquire((token) => token)
  }

  /**
   * Waits until it is held, watching and sending nothing else while somebody else holds it. Rejects when `signal`
   * aborts, with its reason; on `release()`, with an `AbortError`; and with what waiting cannot cure (`Forbidden` and
   * such), but not once the record has been read.
   */
  waitUntilAcquired(options: WaitOptions = {}): Promise<{ readonly token: string }> {
    return unlessFaulty(waitFaults(options), () => this.#actions.waitUntilAcquired(options.signal))
  }

  /**
   * Ends the term here at once, then on the server within `releaseTimeoutMs`. Does nothing when not held. An acquire whose
   * promise has not settled by then rejects, and what lands of it is given back. If it rejects, others wait out the ttl. With `to` it
   * hands the lease over to that owner.
   */
  release(options?: ReleaseOptions): Promise<void> {
    return unlessFaulty(releaseFaults(options), () => this.#actions.release(options))
  }

  /** Held, by this process's clocks at this very call, without I/O. The same as `isHeld`, under actor-ts's name. */
  checkAlive(): boolean {
    return this.#actions.remainingMillis() > 0
  }

  /** Held, by this process's clocks at this very look, without I/O. Only `verify()` asks the server. */
  get isHeld(): boolean {
    return this.#actions.remainingMillis() > 0
  }

  /**
   * The fencing token of the present term, a positive integer that only grows from term to term; `undefined` whenever
   * nothing is held. It can exceed 2^53: compare it as a `BigInt`.
   */
  get token(): string | undefined {
    return this.#actions.token
  }

  /** The name under which this instance acquires: the setting, or the name of this process. */
  get owner(): string {
    return this.#actions.owner
  }

  /**
   * Asks the server who holds the lease, whoever that is; `undefined`: nobody. A record may name a holder that is dead
   * until its time has run out. Rejects if the server cannot tell.
   */
  holder(): Promise<LeaseHolder | undefined> {
    return this.#actions.holder()
  }

  /** Whether all is well with this instance; fit for a readiness probe, for it sends nothing. */
  health(): LeaseHealth {
    return this.#actions.health()
  }

  /** The time in milliseconds that the term still has without a further renewal; 0 when not held. */
  remainingMs(): number {
    return this.#actions.remainingMillis()
  }

  /** Asks the server: `true` if the term stands, `false` if it does not or nothing is held. Rejects if it cannot tell. */
  verify(): Promise<boolean> {
    return this.#actions.verify()
  }

  /**
   * The signal of the present term: aborts at its end, with the `LeaseLost` as its reason after a loss. Each term has its
   * own: one that was read in an earlier term stays aborted for ever, and one that is read while nothing is held is aborted
   * already. So read it after each acquire, and hand it to the work of that term alone.
   */
  get signal(): AbortSignal {
    return this.#actions.signal
  }

  /**
   * Calls `handler` once for each term that is lost, never after a release; the function it gives unsubscribes.
   *
   * @throws InvalidSettings for what is no function
   */
  onLost(handler: (reason: string, lost: LeaseLost) => void): () => void {
    const faults = handlerFaults(handler)
    if (faults.length > 0) {
      throw fromFaults(faults)
    }
    return this.#actions.onLost(handler)
  }

  /** `release()`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#actions.release()
  }
}
