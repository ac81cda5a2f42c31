import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as FiberId from "effect/FiberId"

/** A place in the queue for a lock, taken at once. */
export interface Turn {
  /** Completes when everybody who came before has left. */
  readonly wait: Effect.Effect<void>
  /** Lets the next one in, or, before it has come to this turn, gives the place up. */
  readonly leave: Effect.Effect<void>
}

/** One fair lock a key, there only while somebody has it or waits for it. */
export class KeyedLocks {
  /** The first in the queue has the lock. */
  readonly #queues = new Map<string, Array<Deferred.Deferred<void>>>()

  takeTurn(key: string): Turn {
    const queue = this.#queues.get(key) ?? []
    this.#queues.set(key, queue)
    const turn = Deferred.unsafeMake<void>(FiberId.none)
    queue.push(turn)
    admitFirst(queue)
    return {
      wait: Deferred.await(turn),
      leave: Effect.sync(() => {
        queue.splice(queue.indexOf(turn), 1)
        if (queue.length === 0) {
          this.#queues.delete(key)
        }
        admitFirst(queue)
      })
    }
  }

  /**
   * Waiting for the lock can be interrupted; whether `effect` can is left as it is, so that what an uninterruptible
   * effect has brought about is never lost on the way out.
   */
  withLock(key: string): <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R> {
    return (effect) =>
      Effect.uninterruptibleMask((restore) =>
        Effect.suspend(() => {
          const { leave, wait } = this.takeTurn(key)
          return Effect.interruptible(wait).pipe(Effect.zipRight(restore(effect)), Effect.ensuring(leave))
        })
      )
  }
}

const admitFirst = (queue: ReadonlyArray<Deferred.Deferred<void>>): void => {
  const [first] = queue
  if (first !== undefined) {
    Deferred.unsafeDone(first, Effect.void)
  }
}
