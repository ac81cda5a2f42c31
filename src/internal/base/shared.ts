import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import * as FiberSet from "effect/FiberSet"
import type { Fibers } from "./forkDetached.js"

/** Work that several callers wait for, on a fiber of its own; it is given up with the last of them (A4). */
export class Shared<A, E> {
  readonly #fibers: Fibers
  readonly #work: (shared: Shared<A, E>) => Effect.Effect<A, E>
  readonly #outcome = Deferred.unsafeMake<A, E>(FiberId.none)
  #worker: Fiber.RuntimeFiber<void> | undefined
  #callers = 0
  #isOpen = true
  #isSettled = false

  /** @param work runs uninterruptibly, but for what it makes interruptible itself */
  constructor(fibers: Fibers, work: (shared: Shared<A, E>) => Effect.Effect<A, E>) {
    this.#fibers = fibers
    this.#work = work
  }

  /** New callers may join. */
  get isOpen(): boolean {
    return this.#isOpen
  }

  /** Those who have joined go on; no new caller may join. */
  close(): void {
    this.#isOpen = false
  }

  /** Joins. Has to be run uninterruptibly; waits for the outcome with `wait`. */
  enter<B>(wait: (outcome: Effect.Effect<A, E>) => Effect.Effect<B, E>): Effect.Effect<B, E> {
    this.#callers += 1
    return (this.#callers === 1 ? this.#start : Effect.void).pipe(
      Effect.zipRight(wait(Deferred.await(this.#outcome))),
      Effect.ensuring(this.#leave)
    )
  }

  /** Completes when everybody who has joined is being told. */
  get ended(): Effect.Effect<void> {
    return Effect.asVoid(Effect.exit(Deferred.await(this.#outcome)))
  }

  /** Tells everybody, if that has not been done before; the work may go on. */
  settle(outcome: Effect.Effect<A, E>): void {
    this.#isOpen = false
    this.#isSettled = true
    Deferred.unsafeDone(this.#outcome, outcome)
  }

  get #start(): Effect.Effect<void> {
    // It starts uninterruptibly like its caller, so that its end is never missed.
    return Effect.suspend(() => Effect.exit(this.#work(this))).pipe(
      Effect.map((exit) => this.settle(exit)),
      Effect.forkDaemon,
      Effect.map((worker) => {
        this.#worker = worker
        FiberSet.unsafeAdd(this.#fibers, worker)
      })
    )
  }

  get #leave(): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.#callers -= 1
      if (this.#callers > 0 || this.#isSettled || this.#worker === undefined) {
        return Effect.void
      }
      this.#isOpen = false
      return Effect.asVoid(Fiber.interrupt(this.#worker))
    })
  }
}

/**
 * Joins the work that `choose` gives: nothing comes in between, so that nobody joins what has just been given up. Who is
 * interrupted as the last one waits until the work has been given up.
 *
 * @param limit bounds the wait for the outcome
 */
export const join = <A, E, B>(
  choose: () => Shared<A, E>,
  limit: (outcome: Effect.Effect<A, E>) => Effect.Effect<B, E>
): Effect.Effect<B, E> =>
  Effect.uninterruptibleMask((restore) => Effect.suspend(() => choose().enter((outcome) => restore(limit(outcome)))))
