/// <reference lib="esnext.disposable" preserve="true" />
/**
 * A Kubernetes Lease for plain Promise users: the `Lease` interface of actor-ts over the same engine as `LeaseService`.
 *
 * @since 0.1.0
 */
import { LeaseHandle } from "./internal/leaseHandle.js"
import { connectionFor } from "./internal/connection.js"
import { promiseSettings } from "./internal/promiseSettings.js"
import { kubernetesLimits } from "./internal/resolveSettings.js"

/**
 * The interface that actor-ts asks of a lease.
 *
 * @since 0.1.0
 * @category models
 */
export interface Lease {
  /** `true`: held. `false`: somebody else holds it. Rejects when neither can be told. */
  acquire(): Promise<boolean>
  /** As `acquire`, with the fencing token of the term, or `null`. */
  acquireWithToken(): Promise<{ readonly token: string } | null>
  /** Does nothing when not held; rejects when the server could not be told. */
  release(): Promise<void>
  /** By this process's clocks, without I/O. */
  checkAlive(): boolean
  /** Calls `handler` once for each term that is lost, never after a release; the function it gives unsubscribes. */
  onLost(handler: (reason: string) => void): () => void
}

/**
 * The settings that actor-ts knows.
 *
 * @since 0.1.0
 * @category models
 */
export interface LeaseSettings {
  /** RFC 1123 subdomain, at most 253 characters. */
  readonly name: string
  /** 1 to 253 printable characters that no other living process uses; in a StatefulSet, `${POD_NAME}_${POD_UID}`. */
  readonly owner: string
  /** How long a holder that has gone silent keeps others out, in milliseconds; at least 500. */
  readonly ttlMs: number
  /** Default: a third of `ttlMs`. */
  readonly renewalIntervalMs?: number | undefined
  /** Retries of one acquire, for lost races and passing failures; default 3. */
  readonly acquireRetries?: number | undefined
  /** Time between these retries in milliseconds; default 100. */
  readonly acquireRetryDelayMs?: number | undefined
}

/**
 * Takes what this library logs. No field holds a token of the API server's.
 *
 * @since 0.1.0
 * @category models
 */
export type LeaseLogger = (
  level: "debug" | "info" | "warn" | "error",
  message: string,
  fields: Readonly<Record<string, unknown>>
) => void

/**
 * @since 0.1.0
 * @category models
 */
export interface KubernetesLeaseSettings extends LeaseSettings {
  /** RFC 1123 label, at most 63 characters. */
  readonly namespace: string
  /** `https://host:port`; plain `http` only to loopback. Default: the pod's API server. */
  readonly apiBaseUrl?: string | undefined
  /** CA of the API server, PEM. Default: the pod's, or the runtime's for an `apiBaseUrl` of your own. */
  readonly caCert?: string | undefined
  /**
   * Default: the pod's mounted token, read anew once a minute and on 401. So is a function. An `apiBaseUrl` of your own
   * needs a token of its own.
   */
  readonly serviceAccountToken?: string | (() => string | Promise<string>) | undefined
  /** The spelling of actor-ts 0.16 for `apiBaseUrl`. */
  readonly apiServerUrl?: string | undefined
  /** The spelling of actor-ts 0.16 for `serviceAccountToken`. */
  readonly authToken?: string | undefined
  /** How long a term outlives its last renewal; default nine tenths of `ttlMs`. */
  readonly renewDeadlineMs?: number | undefined
  /** How long one request may take; default 5 s or half of what lies between interval and deadline, at least 100 ms. */
  readonly requestTimeoutMs?: number | undefined
  /** How long `acquire()` may take; default 4 s or `ttlMs`, whichever is less. */
  readonly acquireTimeoutMs?: number | undefined
  /** How long `release()` may take; default 4 s or half of `ttlMs`, whichever is less. */
  readonly releaseTimeoutMs?: number | undefined
  /** How far apart the clocks of the control plane may be; default 1000. */
  readonly maxClockSkewMs?: number | undefined
  /** `"delete"` (default) removes the released record, `"clear"` leaves it without a holder. */
  readonly releaseMode?: "delete" | "clear" | undefined
  /** Set when the Lease is created. */
  readonly labels?: Readonly<Record<string, string>> | undefined
  /** Default: warnings and errors go to the console. */
  readonly logger?: LeaseLogger | undefined
}

/**
 * What an `onLost` handler is told beside the readable reason, and the reason of an aborted `signal`.
 *
 * @since 0.1.0
 * @category models
 */
export interface LeaseLost extends Error {
  readonly _tag: "LeaseLost"
  readonly namespace: string
  readonly leaseName: string
  readonly owner: string
  /** The fencing token of the lost term. */
  readonly token: string
  readonly reason:
    | { readonly _tag: "TakenOver"; readonly by: string }
    | { readonly _tag: "Deleted" }
    | { readonly _tag: "Expired"; readonly lastError: Error | undefined }
    | { readonly _tag: "Failed"; readonly defect: unknown }
    | { readonly _tag: "Released" }
}

/**
 * A lease on a Kubernetes API server. An instance holds at most one term at a time, and can be acquired again after a
 * release or a loss. Whatever rejects, rejects with an `Error` whose `_tag` (`Forbidden`, `Unauthorized`, `NotFound`,
 * `Conflict`, `Invalid`, `Transient`, `CredentialsError`) and `status` say what happened; an acquire that is given up by
 * `release()` rejects with an `AbortError`.
 *
 * ```ts
 * const lease = new KubernetesLease({ namespace: "default", name: "leader", owner: "pod-1", ttlMs: 30_000 })
 * lease.onLost((reason) => console.error("stop at once:", reason))
 * if (await lease.acquire()) {
 *   // … work that only one process may do …
 *   await lease.release()
 * }
 * ```
 *
 * @since 0.1.0
 * @category classes
 */
export class KubernetesLease implements Lease {
  readonly #handle: LeaseHandle

  /**
   * Sends nothing yet. An object with `build()`, as the option builders of actor-ts, is built.
   *
   * @throws InvalidSettings that lists every wrong field
   */
  constructor(settings: KubernetesLeaseSettings | { readonly build: () => object }) {
    const { connection, lease, logger } = promiseSettings(settings, kubernetesLimits)
    this.#handle = new LeaseHandle(lease, connectionFor(connection), logger)
  }

  /**
   * `true`: held. `false`: somebody else holds it. Rejects when neither can be told. On a held term it asks the server
   * once (P1). Concurrent calls share one attempt.
   */
  async acquire(): Promise<boolean> {
    return (await this.#handle.acquire()) !== null
  }

  /** As `acquire`, with the fencing token of the term, or `null`. */
  acquireWithToken(): Promise<{ readonly token: string } | null> {
    return this.#handle.acquire()
  }

  /**
   * Ends the term here at once, then on the server within `releaseTimeoutMs`. Does nothing when not held. During an
   * acquire it gives back what lands, and the acquire rejects (P3). If it rejects, others wait out the ttl.
   */
  release(): Promise<void> {
    return this.#handle.release()
  }

  /** Held, by this process's clocks at this very call, without I/O (T4). */
  checkAlive(): boolean {
    return this.#handle.remainingMillis() > 0
  }

  /** The time in milliseconds that the term still has without a further renewal; 0 when not held. */
  remainingMs(): number {
    return this.#handle.remainingMillis()
  }

  /** Asks the server: `true` if the term stands, `false` if it does not or nothing is held. Rejects if it cannot tell. */
  verify(): Promise<boolean> {
    return this.#handle.verify()
  }

  /** Aborted whenever nothing is held: the present term's signal, with the `LeaseLost` as its reason after a loss. */
  get signal(): AbortSignal {
    return this.#handle.signal
  }

  /** Calls `handler` once for each term that is lost, never after a release; the function it gives unsubscribes. */
  onLost(handler: (reason: string, lost: LeaseLost) => void): () => void {
    return this.#handle.onLost(handler)
  }

  /** `release()`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#handle.release()
  }
}
