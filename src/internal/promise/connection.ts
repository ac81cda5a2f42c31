import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { Engine } from "../state/engine.js"
import type { EngineRuntime } from "./engineRuntime.js"
import { tracedTo } from "./tracedTo.js"

export interface ConnectionOptions {
  /** Tells one API server from another; not known before the credentials have been read that name it. */
  readonly server: () => string
  readonly runtime: EngineRuntime
  /** Called when a first user comes; what it gives, when the last one has left. */
  readonly onUse: () => () => void
  /** Aborts when whatever goes on has to end, for what the server has is given up; then it is another one. */
  readonly ending?: (() => AbortSignal | undefined) | undefined
}

/** What the engine does for those instances of the Promise face that share one connection (C4). */
export class Connection {
  readonly #server: () => string
  readonly #runtime: EngineRuntime
  readonly #onUse: () => () => void
  readonly #ending: () => AbortSignal | undefined
  #users = 0
  #onIdle: () => void = () => undefined

  constructor({ ending = () => undefined, onUse, runtime, server }: ConnectionOptions) {
    this.#ending = ending
    this.#server = server
    this.#runtime = runtime
    this.#onUse = onUse
  }

  get server(): string {
    return this.#server()
  }

  get ending(): AbortSignal | undefined {
    return this.#ending()
  }

  /** Rejects with the error itself; an interruption by `signal` rejects with `interrupted`. */
  async run<A, E>(
    use: (engine: Engine) => Effect.Effect<A, E>,
    options?: { readonly signal: AbortSignal; readonly interrupted: () => unknown }
  ): Promise<A> {
    const exit = await this.#runtime.runPromiseExit(Effect.flatMap(Engine, use), options)
    if (Exit.isSuccess(exit)) {
      return exit.value
    }
    throw options !== undefined && Cause.isInterruptedOnly(exit.cause)
      ? options.interrupted()
      : Cause.originalError(Cause.squash(exit.cause))
  }

  /** For what needs no I/O. */
  runSync<A>(use: (engine: Engine) => Effect.Effect<A>): A {
    return this.#runtime.runSync(Effect.flatMap(Engine, use))
  }

  /** Keeps connections alive while `work` goes on; once nobody needs them, they are closed. */
  async whileUsed<A>(work: () => Promise<A>): Promise<A> {
    const leave = this.use()
    const site = new Error("called here")
    try {
      return await work()
    } catch (error) {
      throw tracedTo(site, error)
    } finally {
      leave()
    }
  }

  /** Keeps connections alive until the function that it gives is called. */
  use(): () => void {
    if (this.#users === 0) {
      this.#onIdle = this.#onUse()
    }
    this.#users += 1
    let used = true
    return () => {
      if (used) {
        used = false
        this.#users -= 1
        if (this.#users === 0) {
          this.#onIdle()
        }
      }
    }
  }
}
