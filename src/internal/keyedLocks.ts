import * as Effect from "effect/Effect"

/** One lock a key, there only while somebody has it or waits for it. */
export class KeyedLocks {
  readonly #locks = new Map<string, { readonly semaphore: Effect.Semaphore; users: number }>()

  /**
   * Waiting for the lock can be interrupted; whether `effect` can is left as it is, so that what an uninterruptible
   * effect has brought about is never lost on the way out.
   */
  withLock(key: string): <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R> {
    return (effect) =>
      Effect.uninterruptibleMask((restore) =>
        Effect.suspend(() => {
          const lock = this.#locks.get(key) ?? { semaphore: Effect.unsafeMakeSemaphore(1), users: 0 }
          this.#locks.set(key, lock)
          lock.users += 1
          const leave = Effect.sync(() => {
            lock.users -= 1
            if (lock.users === 0) {
              this.#locks.delete(key)
            }
          })
          return Effect.interruptible(lock.semaphore.take(1)).pipe(
            Effect.zipRight(Effect.ensuring(restore(effect), lock.semaphore.release(1))),
            Effect.ensuring(leave)
          )
        })
      )
  }
}
