/// <reference lib="esnext.disposable" preserve="true" />
/**
 * A Kubernetes Lease for plain Promise users: the `Lease` interface of actor-ts over the same engine as `LeaseService`.
 *
 * @since 0.1.0
 */
import { leadFaults } from "./internal/promise/arguments.js"
import { PromiseLease } from "./internal/promise/face.js"
import type {
  KubernetesLeaseSettings,
  Leading,
  LeadOptions,
  LeadWork,
  Lease,
  SettingsBuilder
} from "./internal/promise/interfaces.js"
import { kubernetesHandle } from "./internal/promise/kubernetesHandle.js"
import { leading } from "./internal/promise/leading.js"

export type {
  FurtherSettings,
  KubernetesLeaseSettings,
  Leading,
  LeadOptions,
  LeadWork,
  Lease,
  LeaseHealth,
  LeaseHolder,
  LeaseLogger,
  LeaseLost,
  LeaseSettings,
  LoggerObject,
  ReleaseOptions,
  SettingsBuilder,
  WaitOptions
} from "./internal/promise/interfaces.js"

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
export class KubernetesLease extends PromiseLease implements Lease {
  /**
   * Sends nothing yet. An object with `build()`, as the option builders of actor-ts, is built.
   *
   * @throws InvalidSettings that lists every wrong field
   */
  constructor(settings: KubernetesLeaseSettings | SettingsBuilder) {
    super(kubernetesHandle(settings))
  }

  /**
   * Leads until it is told to stop: waits for the lease, runs `work` under it, releases, and runs for it again.
   *
   * Work that returns ends its term: the lease is released, others have one `renewalIntervalMs` to take it, and the work
   * runs again in a later term. So work that leads goes on until its `signal` aborts. Work that fails does so too, logged
   * and with a backoff, or ends the leading (`onError: "stop"`). After a loss it runs for the lease again as soon as the
   * work has ended.
   *
   * ```ts
   * const leading = KubernetesLease.lead({ name: "leader", ttlMs: 30_000 }, async ({ signal }) => {
   *   while (!signal.aborted) {
   *     // … work that only one process may do …
   *   }
   * })
   * process.once("SIGTERM", () => leading.stop())
   * await leading
   * ```
   *
   * Rejects with what waiting cannot cure (`Forbidden` and such) as long as the lease has never been held, and with
   * `InvalidSettings` that lists every fault of settings, work and options.
   */
  static lead(
    settings: KubernetesLeaseSettings | SettingsBuilder,
    work: LeadWork,
    options?: LeadOptions
  ): Leading {
    // Two of one name take turns; each would else end the other's term, for ever (F43).
    return leading(() => kubernetesHandle(settings, { supersedes: false }, leadFaults(work, options)), work, options)
  }
}
