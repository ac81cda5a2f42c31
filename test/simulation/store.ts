import type { FencingToken } from "../../src/LeaseTerm.js"
import { FencingTokenOrder } from "../../src/LeaseTerm.js"
import type { Findings } from "./findings.js"

/** What the lease protects: it takes writes with a fencing token, late and out of order. */
export class ProtectedStore {
  readonly #findings: Findings
  #newest: { readonly token: FencingToken; readonly begunAt: number } | undefined

  constructor(findings: Findings) {
    this.#findings = findings
  }

  /** `begunAt`: when the acquiring write of that term was carried out. */
  write(token: FencingToken, begunAt: number): void {
    const newest = this.#newest
    if (newest !== undefined && FencingTokenOrder(token, newest.token) < 0) {
      return
    }
    if (newest !== undefined && begunAt < newest.begunAt) {
      this.#findings.report("store refuses the older", `term ${token} is older than ${newest.token}, but is accepted`)
    }
    this.#newest = { token, begunAt }
  }
}
