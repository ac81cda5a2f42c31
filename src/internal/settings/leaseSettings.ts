import type * as Duration from "effect/Duration"
import type { LeaseRef } from "../../LeaseObject.js"

/**
 * What a user says; the rest has defaults.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends LeaseRef {
  /**
   * 1 to 253 printable characters that no other living process uses. Default: the pod's or the host's name
   * (`POD_NAME`, `HOSTNAME`) and a UUID. With `${POD_NAME}_${POD_UID}` a container that restarts has its lease back at
   * once; only one process of the pod may use that.
   */
  readonly owner?: string | undefined
  /** How long a holder that has gone silent keeps others out; at least 500 ms, written as whole seconds, rounded up. */
  readonly ttl: Duration.DurationInput
  /** Time between two renewals; default a third of `ttl`. */
  readonly renewalInterval?: Duration.DurationInput | undefined
  /** How long a term outlives its last renewal; default nine tenths of `ttl`, so that clocks may differ in speed by 10 %. */
  readonly renewDeadline?: Duration.DurationInput | undefined
  /**
   * How long one request may take; default 5 s or half of what lies between `renewalInterval` and `renewDeadline`, so
   * that one failure is never the end; at least 100 ms. A further try of a renewal may take up to half of the time left, a
   * request of somebody who waits on a slow server up to half of `renewDeadline` (at most 15 s).
   */
  readonly requestTimeout?: Duration.DurationInput | undefined
  /**
   * How long one attempt to acquire may take with its retries; default 4 s or `ttl`, whichever is less. Does not bound the
   * attempts of somebody who waits.
   */
  readonly acquireTimeout?: Duration.DurationInput | undefined
  /**
   * How long a release may take; default 4 s or half of `ttl`, whichever is less. On a slow server the write that frees the
   * lease may go on after that: up to half of `renewDeadline`, at most 15 s.
   */
  readonly releaseTimeout?: Duration.DurationInput | undefined
  /** How far apart the clocks of the control plane may be; default 1 s. */
  readonly maxClockSkew?: Duration.DurationInput | undefined
  /** Retries of one acquire, for lost races and `Transient`; default 3. */
  readonly acquireRetries?: number | undefined
  /** Time between these retries; default 100 ms. */
  readonly acquireRetryDelay?: Duration.DurationInput | undefined
  /** `"delete"` (default) removes the released record, `"clear"` leaves it without a holder. */
  readonly releaseMode?: "delete" | "clear" | undefined
  /** Set when the Lease is created. */
  readonly labels?: Readonly<Record<string, string>> | undefined
}

/**
 * Validated, with every default in its place.
 *
 * @since 0.1.0
 * @category models
 */
export interface LeaseSettings extends LeaseRef {
  readonly owner: string
  readonly ttl: Duration.Duration
  readonly renewalInterval: Duration.Duration
  readonly renewDeadline: Duration.Duration
  readonly requestTimeout: Duration.Duration
  readonly acquireTimeout: Duration.Duration
  readonly releaseTimeout: Duration.Duration
  readonly maxClockSkew: Duration.Duration
  readonly acquireRetries: number
  readonly acquireRetryDelay: Duration.Duration
  readonly releaseMode: "delete" | "clear"
  readonly labels: Readonly<Record<string, string>>
  /** What the record says of its own duration: `ttl` in whole seconds, rounded up. */
  readonly leaseDurationSeconds: number
}
