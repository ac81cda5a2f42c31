import type { LeaseLost } from "./interfaces.js"

type Handler = (reason: string, lost: LeaseLost) => unknown

/** The `onLost` handlers of one instance. */
export class LossHandlers {
  readonly #registrations = new Set<{ readonly handler: Handler }>()
  readonly #onFailure: (error: unknown) => void

  constructor(onFailure: (error: unknown) => void) {
    this.#onFailure = onFailure
  }

  add(handler: Handler): () => void {
    const registration = { handler }
    this.#registrations.add(registration)
    return () => {
      this.#registrations.delete(registration)
    }
  }

  /** Those who are registered now, unless they unsubscribe until they are called; each on its own (P4). */
  present(): (lost: LeaseLost) => void {
    const registrations = [...this.#registrations]
    return (lost) => {
      for (const registration of registrations) {
        if (this.#registrations.has(registration)) {
          void this.#call(registration.handler, lost)
        }
      }
    }
  }

  async #call(handler: Handler, lost: LeaseLost): Promise<void> {
    try {
      await handler(lost.message, lost)
    } catch (error) {
      this.#onFailure(error)
    }
  }
}
