import { onAbort } from "./aborting.js"

/** A call that can be given up until the very moment in which its promise settles (P3). */
export class Call {
  readonly #controller = new AbortController()
  readonly #stopListening: () => void
  #end = (): void => undefined
  /** Its promise is settling, and nothing of it goes on. */
  readonly ended = new Promise<void>((resolve) => {
    this.#end = resolve
  })

  /** @param signals its caller's, and whatever else ends it */
  constructor(signals: ReadonlyArray<AbortSignal | undefined>) {
    this.#stopListening = onAbort(signals, (reason) => this.giveUp(reason))
  }

  /** Aborts when the call is given up, with what its promise is to reject with. */
  get signal(): AbortSignal {
    return this.#controller.signal
  }

  giveUp(reason: unknown): void {
    this.#controller.abort(reason)
  }

  end(): void {
    this.#stopListening()
    this.#end()
  }
}
