/// <reference lib="esnext.disposable" />
/**
 * The twin of `KubernetesLease` for development and tests: the same class over a store in this process.
 *
 * @since 0.1.0
 */
import { leadFaults } from "./internal/promise/arguments.js"
import { leading } from "./internal/promise/leading.js"
import { resetMemory } from "./internal/promise/memoryConnection.js"
import { memoryHandle } from "./internal/promise/memoryHandle.js"
import { PromiseLease } from "./internal/promise/face.js"
import type {
  FurtherSettings,
  Leading,
  LeadOptions,
  LeadWork,
  Lease,
  LeaseSettings,
  SettingsBuilder
} from "./KubernetesLease.js"

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

/**
 * A lease among the instances of one process: of those with the same `namespace` and `name` one holds at a time. It keeps
 * to every rule of `KubernetesLease`, whose methods it has, over an API server in memory.
 *
 * ```ts
 * const a = new InMemoryLease({ name: "leader", owner: "a", ttlMs: 50 })
 * const b = new InMemoryLease({ name: "leader", owner: "b", ttlMs: 50 })
 * await a.acquire() // true
 * await b.acquire() // false
 * ```
 *
 * @since 0.1.0
 * @category classes
 */
export class InMemoryLease extends PromiseLease implements Lease {
  /**
   * @throws InvalidSettings that lists every wrong field
   */
  constructor(settings: InMemoryLeaseSettings | SettingsBuilder) {
    super(memoryHandle(settings))
  }

  /** As `KubernetesLease.lead`. */
  static lead(settings: InMemoryLeaseSettings | SettingsBuilder, work: LeadWork, options?: LeadOptions): Leading {
    return leading(() => memoryHandle(settings, { supersedes: false }, leadFaults(work, options)), work, options)
  }

  /**
   * Between tests: every term ends without a word to anybody, and the store is as empty as at first. Give up what waits
   * before, for it would have its lease at once.
   */
  static reset(): void {
    resetMemory()
  }
}
