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
  /**
   * 1 to 253 printable characters that no other living process uses. Default: one name for this process, of `POD_NAME`,
   * `HOSTNAME` or the host's name, and a UUID. With `${POD_NAME}_${POD_UID}` a container that restarts has its lease back at
   * once, without waiting for its own ttl; only one process of the pod may use that. Traces of variables that were not set
   * (`undefined_…`, `${POD_NAME}`, an empty part) are refused.
   */
  readonly owner?: string | undefined
  /**
   * How long a holder that has gone silent keeps others out, in milliseconds; at least 500. A number, here as in all that
   * end in `Ms`: in a text such as `"30"` from a variable nobody could tell seconds from milliseconds.
   */
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
 * An object that logs, as the console, pino, bunyan and winston do. Pino and bunyan get the fields before the message, all
 * others after it.
 *
 * @since 0.1.0
 * @category models
 */
export interface LoggerObject {
  readonly debug: (...entry: Array<never>) => unknown
  readonly info: (...entry: Array<never>) => unknown
  readonly warn: (...entry: Array<never>) => unknown
  readonly error: (...entry: Array<never>) => unknown
}

/**
 * What `KubernetesLease` and `InMemoryLease` take beside what actor-ts knows.
 *
 * @since 0.1.0
 * @category models
 */
export interface FurtherSettings {
  /** How long a term outlives its last renewal; default nine tenths of `ttlMs`. */
  readonly renewDeadlineMs?: number | undefined
  /**
   * How long one request may take; default 5 s or half of what lies between interval and deadline, at least 100 ms. A
   * further try of a renewal may take up to half of the time left, a request of somebody who waits on a slow server up to
   * half of `renewDeadlineMs` (at most 15 s).
   */
  readonly requestTimeoutMs?: number | undefined
  /**
   * How long one attempt to acquire may take; default 4 s or `ttlMs`, whichever is less. Does not bound the attempts of
   * `waitUntilAcquired`.
   */
  readonly acquireTimeoutMs?: number | undefined
  /** How long `acquire()` may wait for the lease, watching it, before it says `false`; default 0. */
  readonly acquireWaitMs?: number | undefined
  /**
   * How long `release()` may take; default 4 s or half of `ttlMs`, whichever is less. On a slow server the write that frees
   * the lease may go on after that: up to half of `renewDeadlineMs`, at most 15 s.
   */
  readonly releaseTimeoutMs?: number | undefined
  /** How far apart the clocks of the control plane may be; default 1000. */
  readonly maxClockSkewMs?: number | undefined
  /** `"delete"` (default) removes the released record, `"clear"` leaves it without a holder. */
  readonly releaseMode?: "delete" | "clear" | undefined
  /** Set when the Lease is created. */
  readonly labels?: Readonly<Record<string, string>> | undefined
  /**
   * A function, the console, or an instance of pino, bunyan or winston. Default: a line on the
   * error stream of the console for each acquire, release and loss, for warnings and errors; `() => {}` is silent.
   */
  readonly logger?: LeaseLogger | LoggerObject | undefined
}

/**
 * @since 0.1.0
 * @category models
 */
export interface KubernetesLeaseSettings extends LeaseSettings, FurtherSettings {
  /**
   * RFC 1123 label, at most 63 characters. Default: the pod's own, of `POD_NAMESPACE` or, as the ServiceAccount is mounted,
   * of its file; required outside a pod and beside a `kubeconfig`.
   */
  readonly namespace?: string | undefined
  /** `https://host:port`; plain `http` only to loopback. Default: the pod's API server. */
  readonly apiBaseUrl?: string | undefined
  /** CA of the API server, PEM. Default: the pod's, or the runtime's for an `apiBaseUrl` of your own. */
  readonly caCert?: string | undefined
  /**
   * Default: the pod's mounted token, read anew once a minute and on 401. So is a function. An `apiBaseUrl` of your own
   * needs a token of its own.
   */
  readonly serviceAccountToken?: string | (() => string | Promise<string>) | undefined
  /**
   * Server and credentials out of a kubeconfig: `true` for that of `$KUBECONFIG` or `~/.kube/config`, a path, or a context
   * of it; `false` is no kubeconfig. Instead of `apiBaseUrl`, `caCert` and `serviceAccountToken`; needs the package
   * `@kubernetes/client-node`.
   */
  readonly kubeconfig?:
    | boolean
    | string
    | { readonly path?: string | undefined; readonly context?: string | undefined }
    | undefined
  /** The spelling of actor-ts 0.16 for `apiBaseUrl`. */
  readonly apiServerUrl?: string | undefined
  /** The spelling of actor-ts 0.16 for `serviceAccountToken`. */
  readonly authToken?: string | undefined
}

/**
 * An object that builds settings, as the option builders of actor-ts do.
 *
 * @since 0.1.0
 * @category models
 */
export interface SettingsBuilder {
  readonly build: () => object
}

/**
 * @since 0.1.0
 * @category models
 */
export interface ReleaseOptions {
  /** The owner that gets the lease: it may take it at once, all others leave it alone for `handOverMs`. */
  readonly to?: string | undefined
  /** Default 3000; whole seconds count, at most a minute. */
  readonly handOverMs?: number | undefined
}

/**
 * @since 0.1.0
 * @category models
 */
export interface WaitOptions {
  /** Ends the waiting, which then rejects with the reason of the signal. */
  readonly signal?: AbortSignal | undefined
}

/**
 * What `lead` runs while the lease is held. It goes on until `signal` aborts, and must end soon after: within
 * ttl - renewDeadline (3 s at 30 s) after a loss. Work that returns before gives the lease up: it runs again in a later
 * term, one `renewalIntervalMs` later at the earliest.
 *
 * @since 0.1.0
 * @category models
 */
export type LeadWork = (term: { readonly signal: AbortSignal; readonly token: string }) => Promise<void>

/**
 * @since 0.1.0
 * @category models
 */
export interface LeadOptions {
  /** Ends the work, and then the leading; so does `stop()`. */
  readonly signal?: AbortSignal | undefined
  /**
   * What follows when the work fails, although it has neither been told to stop nor lost the lease; either way the lease is
   * released first. `"retry"` (default): the failure is logged, and the work runs again in a later term, after one
   * `renewalIntervalMs`, doubled with each failure in a row up to a minute. `"stop"`: the leading rejects with the failure.
   */
  readonly onError?: "retry" | "stop" | undefined
}

/**
 * What `lead` gives: resolves once it has been told to stop, the work has ended and the lease is released.
 *
 * @since 0.1.0
 * @category models
 */
export interface Leading extends Promise<void> {
  /** Tells the work to stop, and gives the same promise: await it, and nothing is held any more. */
  readonly stop: () => Promise<void>
  /** Whether all is well with it, without I/O: for a readiness probe. */
  readonly health: () => LeaseHealth
  /** `stop()`. */
  readonly [Symbol.asyncDispose]: () => Promise<void>
}

/**
 * Who holds a lease, as its record says.
 *
 * @since 0.1.0
 * @category models
 */
export interface LeaseHolder {
  readonly owner: string
  /** When the present term began, as its holder wrote it; `undefined` where it wrote nothing. */
  readonly acquireTime: Date | undefined
  /** When it was last renewed, as its holder wrote it. No measure of whether it has expired: clocks differ. */
  readonly renewTime: Date | undefined
}

/**
 * @since 0.1.0
 * @category models
 */
export interface LeaseHealth {
  /** Neither is a held lease overdue for renewal, nor does a wait fail to reach the server. */
  readonly isHealthy: boolean
  /** What is wrong, in words. */
  readonly problems: ReadonlyArray<string>
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
 * Those of `KubernetesLease` but for the connection; `ttlMs` is at least 10, and kept to exactly. By default
 * `acquireTimeoutMs` is 4000 however short the ttl, and `acquireRetries` 40: the first tries of a process can take longer
 * than the shortest ttl.
 *
 * @since 0.1.0
 * @category models
 */
export interface InMemoryLeaseSettings extends LeaseSettings, FurtherSettings {
  /** Default: `"default"`. */
  readonly namespace?: string | undefined
}
