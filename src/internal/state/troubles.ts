import type { KubeError, Transient } from "../../KubeError.js"

/** Why the server cannot be reached at present. Each kind of reason is logged once, until the trouble is over. */
export class Troubles {
  readonly #told = new Set<string>()
  #latest: KubeError | undefined

  /** `undefined` while all is well. */
  get latest(): KubeError | undefined {
    return this.#latest
  }

  /** True if nothing of this kind has happened since all was well. */
  note(error: KubeError): boolean {
    this.#latest = error
    const kind = kindOf(error)
    if (this.#told.has(kind)) {
      return false
    }
    this.#told.add(kind)
    return true
  }

  /** True if there was any trouble before. */
  end(): boolean {
    const wasInTrouble = this.#latest !== undefined
    this.#latest = undefined
    this.#told.clear()
    return wasInTrouble
  }
}

/** What a reader of the log would look into in one way. Messages differ from one answer to the next. */
const kindOf = (error: KubeError): string => {
  if (error._tag === "CredentialsError") {
    return error._tag
  }
  const kind = error._tag === "Transient" && !unreachable.has(error.kind) ? error.kind : undefined
  return JSON.stringify([error._tag, kind, error.status, error.reason])
}

/** A server that goes away shows itself in all of these. */
const unreachable: ReadonlySet<Transient["kind"]> = new Set(["Connect", "Reset", "Timeout"])
