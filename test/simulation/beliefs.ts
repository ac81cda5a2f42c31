import { FencingTokenOrder } from "../../src/LeaseTerm.js"
import type { FencingToken } from "../../src/LeaseTerm.js"
import type { Belief } from "./belief.js"
import { isBelieved } from "./belief.js"
import type { Dice } from "./dice.js"
import type { Findings } from "./findings.js"
import type { Ledger, Sender } from "./ledger.js"
import type { Process } from "./process.js"
import type { ProtectedStore } from "./store.js"
import type { VirtualTime } from "./virtualTime.js"

/** What the users of all processes have been told, held against what they are promised. */
export class Beliefs {
  readonly #time: VirtualTime
  readonly #findings: Findings
  readonly #ledger: Ledger
  readonly #store: ProtectedStore
  readonly #dice: Dice
  #present: Array<Belief> = []
  readonly #tokens = new Set<string>()
  #newest: FencingToken | undefined
  #lastHeldAt = 0
  #terms = 0

  constructor(time: VirtualTime, findings: Findings, ledger: Ledger, store: ProtectedStore, dice: Dice) {
    this.#time = time
    this.#findings = findings
    this.#ledger = ledger
    this.#store = store
    this.#dice = dice
  }

  /** When somebody last held the lease. */
  get lastHeldAt(): number {
    return this.#lastHeldAt
  }

  get terms(): number {
    return this.#terms
  }

  /** @param mayBeSuperseded by another instance of the same process, before this one's user was told of its term (P5) */
  begin(belief: Belief, sender: Sender, mayBeSuperseded = false): void {
    const { token } = belief
    this.#terms++
    this.#findings.tell(sender.name, () => `HOLDS, token ${token}`)
    if (this.#ledger.acquisition(token)?.write.sender !== sender || this.#tokens.has(token)) {
      this.#findings.report("tokens grow", `${sender.name} holds with a token that is not its own: ${token}`)
    }
    this.#tokens.add(token)
    this.#present.push(belief)
    if (!isBelieved(belief)) {
      const { process } = belief
      // Unless it was stopped between the beginning and the news of it.
      const isExcused = process.wasStoppedMidway && process.resumedAt >= this.#time.now
      if (!isExcused && !(mayBeSuperseded && belief.term.loss?.reason._tag === "TakenOver")) {
        this.#findings.report("begins held", `${sender.name} is given term ${token}, whose validity has passed`)
      }
      return
    }
    if (this.#findings.broken.size === 0 && this.#newest !== undefined && FencingTokenOrder(token, this.#newest) <= 0) {
      this.#findings.report("tokens grow", `${sender.name} holds with ${token} after ${this.#newest}`)
    }
    this.#newest = token
  }

  /** The user asks whether it still holds, and if so, writes to what the lease protects. */
  hear(belief: Belief, wasOver: boolean, isHeld: boolean): void {
    if (!isHeld) {
      belief.heardOfEnd = true
      return
    }
    if (wasOver) {
      this.#findings.report("by the clocks", `${belief.process.name} is told that ${belief.token} is held`)
    }
    if (belief.heardOfEnd) {
      this.#findings.report("final", `${belief.process.name}: held again after the end of term ${belief.token}`)
    }
    const { token } = belief
    const begunAt = this.#ledger.acquisition(token)?.at
    if (begunAt !== undefined) {
      this.#time.after(this.#dice.span(1, 60_000), () => this.#store.write(token, begunAt))
    }
  }

  /** The user is told of the loss, which only evidence brings about before its time (R2). */
  end(belief: Belief, sender: Sender, isSuperseded = false): void {
    if (belief.isLost) {
      return
    }
    belief.isLost = true
    const reason = belief.term.loss?.reason
    this.#findings.tell(sender.name, () => `LOST ${belief.token}: ${reason?._tag}`)
    belief.heardOfEnd = true
    if (reason?._tag === "Failed") {
      this.#findings.report("no defect", `${sender.name}: ${String(reason.defect)}`)
    }
    if (isSuperseded) {
      return
    }
    if (reason?._tag === "TakenOver" && reason.by === sender.owner) {
      this.#ledger.loseName(sender)
    }
    if (
      (reason?._tag === "TakenOver" || reason?._tag === "Deleted") &&
      this.#ledger.standing()?.token === belief.token
    ) {
      this.#findings.report("lost for a reason", `${sender.name} is told ${reason._tag}, but its term stands`)
    }
  }

  /** One of those who hold. */
  holder(): Process | undefined {
    return this.#present.find(isBelieved)?.process
  }

  check(): void {
    if (this.#present.length === 0) {
      return
    }
    const holders: Array<Belief> = []
    let isOver = false
    for (const belief of this.#present) {
      if (isBelieved(belief)) {
        holders.push(belief)
        if (belief.overAfterStep === belief.process.machine.steps) {
          if (belief.process.wasStoppedMidway) {
            // It had the answer in its hands, and had looked at its clocks, before it was stopped.
            belief.overAfterStep = undefined
          } else {
            this.#findings.report("final", `${belief.process.name}: the validity of ${belief.token} had passed`)
          }
        }
        if (belief.heardOfEnd) {
          this.#findings.report("final", `${belief.process.name} would hold after the end of term ${belief.token}`)
        }
      } else {
        belief.overAfterStep = belief.process.machine.steps
        this.#checkLoss(belief)
      }
      isOver ||= belief.process.isCrashed || (belief.term.isEnded && (belief.heardOfEnd || belief.isClosed))
    }
    if (holders.length > 0) {
      this.#lastHeldAt = this.#time.now
    }
    const processes = new Set(holders.map(({ process }) => process))
    if (processes.size < holders.length) {
      this.#findings.report(
        "one instance",
        holders.map(({ process, token }) => `${process.name}: ${token}`).join(" and ")
      )
    }
    if (processes.size > 1 && this.#findings.broken.size === 0) {
      this.#findings.report(
        "one holder",
        holders.map(({ process, term, token }) =>
          `${process.name} (token ${token}, ${term.remainingMillis(process.machine.instant()).toFixed(1)} ms left)`
        ).join(" and ")
      )
    }
    if (isOver) {
      this.#present = this.#present.filter((belief) =>
        !belief.process.isCrashed && !(belief.term.isEnded && (belief.heardOfEnd || belief.isClosed))
      )
    }
  }

  /** Nobody asks: it has to be told all the same (R4). */
  #checkLoss(belief: Belief): void {
    const { process } = belief
    if (process.isCrashed || belief.heardOfEnd || belief.isClosed) {
      return
    }
    if (!process.isRunning || belief.overdueSince === undefined || process.resumedAt > belief.overdueSince) {
      belief.overdueSince = this.#time.now
    }
    if (this.#time.now - belief.overdueSince > belief.patienceMillis) {
      this.#findings.report("lost in time", `${process.name} has not been told of the end of term ${belief.token}`)
      belief.heardOfEnd = true
    }
  }
}
