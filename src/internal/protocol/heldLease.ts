import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type { InvalidSettings } from "../../InvalidSettings.js"
import type { RequestError } from "../../KubeError.js"
import type { LeaseRef } from "../../LeaseObject.js"
import type { FencingToken, LeaseLost } from "../../LeaseTerm.js"

/**
 * One term of this process. It renews itself until it is released or lost.
 *
 * @since 0.1.0
 * @category models
 */
export interface HeldLease {
  readonly ref: LeaseRef
  readonly owner: string
  /** Grows from term to term: a store that refuses an older one is safe from work that arrives late. */
  readonly token: FencingToken
  /** Asks the clocks, not the server. */
  readonly isHeld: Effect.Effect<boolean>
  /** As `isHeld`, failing. */
  readonly ensureHeld: Effect.Effect<void, LeaseLost>
  /** The time that this term still has without a further renewal; zero once it has ended. */
  readonly remaining: Effect.Effect<Duration.Duration>
  /** Asks the server whether the term stands; one that does not is lost. */
  readonly verify: Effect.Effect<void, LeaseLost | RequestError>
  /** Fails once the term is lost; never completes after a release. */
  readonly lost: Effect.Effect<never, LeaseLost>
  /**
   * Ends the term here at once, then gives it back on the server within `releaseTimeout`. Does nothing once the term has
   * ended. If it fails, others have to wait for the record's duration.
   */
  readonly release: Effect.Effect<void, RequestError>
  /** As `release`, but to one successor. */
  readonly handOver: (options: HandOver) => Effect.Effect<void, RequestError | InvalidSettings>
}

/**
 * @since 0.1.0
 * @category models
 */
export interface HandOver {
  /** The owner that may take the lease at once, by a `tryAcquire` or because it waits for it. */
  readonly to: string
  /** How long all others leave the lease to it; default 3 s, whole seconds, at most a minute. */
  readonly duration?: Duration.DurationInput | undefined
}

/**
 * What is wrong with the leases of this process, as far as it knows.
 *
 * @since 0.1.0
 * @category models
 */
export interface Health {
  readonly isHealthy: boolean
  readonly problems: ReadonlyArray<HealthProblem>
}

/**
 * @since 0.1.0
 * @category models
 */
export interface HealthProblem {
  readonly ref: LeaseRef
  readonly owner: string
  readonly message: string
}

/**
 * The term under which an effect runs.
 *
 * @since 0.1.0
 * @category services
 */
export const HeldLease: Context.Tag<HeldLease, HeldLease> = Context.GenericTag<HeldLease>("kubernetes-lease/HeldLease")
