import { onAbort } from "./aborting.js"

/** Work that several callers wait for; it is given up with the last of them (A4). */
export class SharedPromise<A> {
  readonly promise: Promise<A>
  readonly #abort = new AbortController()
  #callers = 0

  /** @param work rejects soon once its signal aborts */
  constructor(work: (signal: AbortSignal) => Promise<A>) {
    this.promise = work(this.#abort.signal)
    // Whoever has joined hears of a rejection; nobody has to.
    this.promise.catch(() => undefined)
  }

  /**
   * Rejects with the reason of `signal` when that aborts. The last caller waits until the work has been given up, and gets
   * what it has come to if that was too late.
   */
  async join(signal: AbortSignal | undefined): Promise<A> {
    this.#callers += 1
    const left = leaving(signal)
    try {
      const outcome = await Promise.race([this.promise.then((value) => ({ value })), left.promise])
      if (outcome !== undefined) {
        return outcome.value
      }
    } finally {
      this.#callers -= 1
      left.ignore()
    }
    if (this.#callers === 0) {
      this.giveUp()
      const [outcome] = await Promise.allSettled([this.promise])
      if (outcome.status === "fulfilled") {
        return outcome.value
      }
    }
    throw signal?.reason
  }

  /** Nobody may join any more. */
  get isGivenUp(): boolean {
    return this.#abort.signal.aborted
  }

  giveUp(): void {
    this.#abort.abort()
  }
}

/** Resolves when the signal aborts, unless it is ignored. */
const leaving = (signal: AbortSignal | undefined) => {
  let ignore = noop
  const promise = new Promise<undefined>((resolve) => {
    ignore = onAbort([signal], () => resolve(undefined))
  })
  return { promise, ignore }
}

const noop = (): void => undefined
