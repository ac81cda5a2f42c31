import type { LeaseJson } from "../../src/KubeApiMemory.js"
import type { Findings } from "./findings.js"
import { mostDrift } from "./plan.js"
import type { Purpose, Request } from "./request.js"

/** A process as the API server would tell it from others, if it could. */
export interface Sender {
  readonly name: string
  readonly owner: string
}

/** An acquiring write that was carried out. */
export interface Acquisition {
  readonly write: Write
  readonly token: string
  readonly at: number
  /** Its sender can know it again only by the answer. */
  readonly isChangedOnTheWay: boolean
}

/** A write as it was sent. */
export interface Write {
  readonly sender: Sender
  readonly request: Request
  readonly purpose: Purpose
  /** Its place among what its sender has sent. */
  readonly number: number
  readonly sentAt: number
  /** What its sender held as it was sent. */
  readonly terms: ReadonlyArray<string>
  /** Its sender had been stopped between looking at the clock and sending. */
  readonly wasStopped: boolean
  /** Its sender has been told what has become of it. */
  isAnswered: boolean
}

/** Which process has begun which term, as only a bystander can know it. */
export class Ledger {
  readonly #byIdentity = new Map<string, Acquisition>()
  readonly #byToken = new Map<string, Acquisition>()
  readonly #namesLost = new Set<Sender>()
  readonly #findings: Findings
  readonly #present: () => LeaseJson | undefined
  readonly #lastWrites = new Map<string | undefined, number>()

  constructor(findings: Findings, present: () => LeaseJson | undefined) {
    this.#findings = findings
    this.#present = present
  }

  /** When a node last changed the record of this uid. */
  lastWriteAt(uid: string | undefined): number {
    return this.#lastWrites.get(uid) ?? 0
  }

  /** The term that the record shows now. */
  standing(): Acquisition | undefined {
    return this.ownerOf(this.#present())
  }

  /** This process has been told that another one uses its name (F43). */
  loseName(sender: Sender): void {
    this.#namesLost.add(sender)
  }

  hasLostName(sender: Sender): boolean {
    return this.#namesLost.has(sender)
  }

  acquisition(token: string): Acquisition | undefined {
    return this.#byToken.get(token)
  }

  /** Whose term a record shows. */
  ownerOf(record: LeaseJson | undefined): Acquisition | undefined {
    return record === undefined ? undefined : this.#byIdentity.get(identityOf(record))
  }

  /** Notes what has been written, and whether it was the writer's to change (X3). */
  note(
    write: Write,
    before: LeaseJson | undefined,
    after: LeaseJson | undefined,
    at: number,
    isChangedOnTheWay: boolean
  ): void {
    const term = this.ownerOf(before)
    this.#checkShape(write.purpose, before, after, isChangedOnTheWay)
    if (write.purpose === "acquire") {
      this.#checkName(write.sender, before, term, at)
    }
    this.#lastWrites.set((after ?? before)?.metadata.uid, at)
    switch (write.purpose) {
      case "acquire":
        if (after !== undefined) {
          this.#begin(write, after, at, isChangedOnTheWay)
        }
        break
      case "renew":
        if (term?.write.sender !== write.sender || !(write.wasStopped || write.terms.includes(term.token))) {
          this.#late(write, before, term)
        }
        break
      case "handOver":
      case "clear":
        if (before !== undefined && isHeld(before) && term?.write.sender !== write.sender) {
          this.#late(write, before, term)
        }
        break
      case "remove":
        if (before !== undefined && isHeld(before)) {
          this.#late(write, before, term)
        }
        break
      case "read":
      case "date":
      case "version":
        break
    }
  }

  /** T1, A3: a write counts the terms, and keeps what it does not know. */
  #checkShape(
    purpose: Purpose,
    before: LeaseJson | undefined,
    after: LeaseJson | undefined,
    isChangedOnTheWay: boolean
  ): void {
    if (before === undefined || after === undefined || before.metadata.uid !== after.metadata.uid) {
      return
    }
    const lost = Object.keys(before.metadata.labels ?? {}).filter((label) =>
      after.metadata.labels?.[label] === undefined
    )
    if (lost.length > 0) {
      this.#findings.report("others' fields", `${purpose} has removed ${lost.join(", ")}`)
    }
    const transitions = before.spec.leaseTransitions ?? 0
    const expected = purpose === "acquire" || purpose === "handOver" ? transitions + 1 : transitions
    if (!isChangedOnTheWay && (after.spec.leaseTransitions ?? 0) !== expected) {
      this.#findings.report("transitions", `${after.spec.leaseTransitions} after ${transitions}: ${purpose}`)
    }
  }

  /** A2: to a process that has lost a term to its own name, that name is another's. */
  #checkName(sender: Sender, before: LeaseJson | undefined, term: Acquisition | undefined, at: number): void {
    if (
      before !== undefined && this.#namesLost.has(sender) && before.spec.holderIdentity === sender.owner &&
      term !== undefined && term.write.sender !== sender &&
      at - this.lastWriteAt(before.metadata.uid) < (before.spec.leaseDurationSeconds ?? 0) * 1000 / mostDrift
    ) {
      this.#findings.report(
        "name left alone",
        `${sender.name} takes what ${term.write.sender.name} holds as ${sender.owner}`
      )
    }
  }

  #begin(write: Write, record: LeaseJson, at: number, isChangedOnTheWay: boolean): void {
    const acquisition: Acquisition = {
      write,
      isChangedOnTheWay,
      token: record.metadata.resourceVersion,
      at
    }
    const identity = identityOf(record)
    if (this.#byIdentity.has(identity)) {
      this.#findings.report("late write", `two terms have the identity ${identity} (T1)`)
    }
    this.#byIdentity.set(identity, acquisition)
    this.#byToken.set(acquisition.token, acquisition)
  }

  #late({ purpose, sender, terms }: Write, before: LeaseJson | undefined, term: Acquisition | undefined): void {
    if (this.#findings.broken.has("b") || (this.#findings.broken.size > 0 && term === undefined)) {
      // Namesakes cannot be told apart, and what a third party has written is nobody's.
      return
    }
    this.#findings.report(
      "late write",
      `${sender.name}${terms.length === 0 ? "" : ` in term ${terms.join(", ")}`}: ${purpose} on ${
        before === undefined ? "no record" : `the record of ${before.spec.holderIdentity || "nobody"}`
      }${term === undefined ? "" : `, term ${term.token} of ${term.write.sender.name}`}`
    )
  }
}

export const isHeld = (record: LeaseJson): boolean => (record.spec.holderIdentity ?? "") !== ""

const identityOf = ({ metadata, spec }: LeaseJson): string =>
  [metadata.uid, spec.holderIdentity, spec.acquireTime, spec.leaseTransitions].join(" ")
