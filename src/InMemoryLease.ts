/// <reference lib="esnext.disposable" />
/**
 * The twin of `KubernetesLease` for development and tests: the same class over a store in this process.
 *
 * @since 0.1.0
 */
import { leadFaults } from "./internal/promise/arguments.js"
import { PromiseLease } from "./internal/promise/face.js"
import type {
  InMemoryLeaseSettings,
  Leading,
  LeadOptions,
  LeadWork,
  Lease,
  SettingsBuilder
} from "./internal/promise/interfaces.js"
import { leading } from "./internal/promise/leading.js"
import { resetMemory } from "./internal/promise/memoryConnection.js"
import { memoryHandle } from "./internal/promise/memoryHandle.js"
import { takeOverInMemory } from "./internal/promise/memoryTakeOver.js"

export type { InMemoryLeaseSettings } from "./internal/promise/interfaces.js"

/**
 * A lease among the instances of one process: of those with the same `namespace` and `name` one holds at a time. It keeps
 * to every rule of `KubernetesLease`, whose methods it has, over an API server in memory.
 *
 * Fake timers of vitest, Jest or `node:test` move it as they move everything else: turn them on before the lease is acquired,
 * and let time pass where something is awaited (`const held = lease.acquire(); await vi.advanceTimersByTimeAsync(1)`).
 * A `Date` that jumps by more than the term has left ends it, as on any machine.
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
   * In a test, as if another process took the lease, whoever holds it: the holder here loses it at once, as `TakenOver`.
   * The record then names `by` until its time has run out, for nobody renews it; `by: ""` takes it in nobody's name, so
   * that it is free at once, and its holder here loses it as `Deleted`. Handlers of `onLost` are called a macrotask later.
   */
  static async takeOver(
    { name, namespace = "default" }: { readonly name: string; readonly namespace?: string | undefined },
    by: string = "another process"
  ): Promise<void> {
    return takeOverInMemory({ name, namespace }, by)
  }

  /**
   * Between tests: the store is as empty as at first, and nothing goes on. By the time that it returns, every term is lost
   * (as `Deleted`), and its `onLost` handlers have been called; whoever waits or acquires is rejected with an `AbortError`,
   * and every `lead` is told to stop. No timer is left once what was told to end has ended.
   */
  static reset(): void {
    resetMemory()
  }
}
