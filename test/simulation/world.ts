import { durationMillisOf } from "../../src/internal/decisions/expiry.js"
import { ownerOf } from "../../src/internal/decisions/identity.js"
import type { LeaseObject, WatchEvent } from "../../src/LeaseObject.js"
import { Ambushes } from "./ambushes.js"
import { Beliefs } from "./beliefs.js"
import { Contention } from "./contention.js"
import { ControlPlane, ref } from "./controlPlane.js"
import { Dice } from "./dice.js"
import { isDue } from "./dueRecord.js"
import type { Ambush } from "./fault.js"
import { Findings } from "./findings.js"
import type { Sender, Write } from "./ledger.js"
import { Ledger } from "./ledger.js"
import type { DueRecord, Life } from "./life.js"
import type { Plan, SettingsPlan } from "./plan.js"
import type { Process } from "./process.js"
import { forgetHoldingsOf } from "./promiseFace.js"
import type { Answer } from "./request.js"
import { isReading } from "./request.js"
import { ProtectedStore } from "./store.js"
import { VirtualTime } from "./virtualTime.js"
import { Weather } from "./weather.js"
import { changedByWebhook } from "./webhook.js"

/** Timers come up to 3 ms late. */
const timerMillis = 20

/** Everything that one history happens in. */
export class World {
  readonly time = new VirtualTime()
  readonly dice: Dice
  readonly findings: Findings
  readonly weather: Weather
  readonly ambushes = new Ambushes()
  readonly controlPlane: ControlPlane
  readonly ledger: Ledger
  readonly beliefs: Beliefs
  readonly contention: Contention
  /** Every process that runs, the ending ones among them. */
  readonly lives = new Set<Life>()
  /** Which replica answers each node. */
  readonly replicas: Array<number>
  requests = 0
  faults = 0
  /** Lets happen what an ambush has in store. */
  follow: (ambush: Ambush) => void = () => {}
  readonly #withPromises: Array<Process> = []
  readonly #slowest: number
  readonly #fastest: number

  constructor(plan: Plan, isTold: boolean) {
    this.dice = new Dice(plan.seed).fork("world")
    this.findings = new Findings(() => this.time.now, isTold)
    this.weather = new Weather(() => this.time.now, plan.quietAt)
    this.controlPlane = new ControlPlane(plan.server, this.time, this.dice.fork("server"))
    if (plan.nodes.some(({ bystanders = 0 }) => bystanders > 0)) {
      this.controlPlane.addBystanders()
    }
    this.ledger = new Ledger(this.findings, () => this.controlPlane.record())
    this.beliefs = new Beliefs(
      this.time,
      this.findings,
      this.ledger,
      new ProtectedStore(this.findings),
      this.dice.fork("store")
    )
    this.contention = new Contention(this.ledger, () => this.controlPlane.record())
    this.replicas = plan.nodes.map(({ replica }) => replica)
    this.#slowest = plan.slowest
    this.#fastest = plan.fastest
  }

  /** A request arrives at the API server. */
  serve(life: Life, fieldManager: string, write: Write): Answer {
    this.requests++
    const { node } = life
    life.hasLooked ||= write.request.ref.name === ref.name
    const replica = this.replicas[node] ?? 0
    if (isReading(write.purpose)) {
      const told = this.weather.versionTold(node)
      const answer = this.controlPlane.answer(replica, fieldManager, write.request, told)
      this.#answers(life, answer)
      return answer
    }
    const before = this.controlPlane.record()
    const webhook = write.purpose === "acquire" ? this.weather.webhookOf(node) : undefined
    const request = webhook === undefined ? write.request : changedByWebhook(write.request, webhook.changes)
    const answer = this.controlPlane.answer(replica, fieldManager, request)
    if (answer._tag === "Success") {
      this.ledger.note(write, before, this.controlPlane.record(), this.time.now, webhook !== undefined)
      if (write.request.operation === "create") {
        this.#checkWaitedOut(life, write)
      }
    }
    this.#answers(life, answer)
    return answer
  }

  /** Another record has stood there since. */
  #answers(life: Life, answer: Answer): void {
    if (answer._tag === "Success" && answer.value !== undefined && "metadata" in answer.value) {
      this.#sees(life, answer.value)
    }
  }

  #sees(life: Life, { metadata: { name, uid } }: LeaseObject): void {
    if (name === ref.name && life.shownDeleted?.uid !== uid) {
      life.shownDeleted = undefined
    }
  }

  /** A process has taken in what a watch has shown. */
  shows(life: Life, event: WatchEvent): void {
    if (event._tag === "Bookmark" || event.lease.metadata.name !== ref.name) {
      return
    }
    this.#sees(life, event.lease)
    const owner = ownerOf(event.lease)
    const { uid } = event.lease.metadata
    if (event._tag === "Deleted" && life.hasLooked && owner !== "" && owner !== life.sender.owner) {
      life.shownDeleted = {
        uid,
        sent: life.connection.sent(),
        standsUntil: this.ledger.lastWriteAt(uid) + durationMillisOf(event.lease, 0) / this.#fastest
      }
    }
  }

  /** What a process that looks now, for the first time, has to find run out. */
  dueRecord(node: number, { owner }: Sender, { maxClockSkew }: SettingsPlan): DueRecord | undefined {
    const record = this.controlPlane.record()
    if (
      record === undefined || record.spec.holderIdentity === owner || !this.weather.isCalm ||
      this.weather.hasDeadSockets(node) || this.ambushes.hasAnyFor(node)
    ) {
      return undefined
    }
    const { resourceVersion, uid } = record.metadata
    const ageMillis = (this.time.now - this.ledger.lastWriteAt(uid)) * this.#slowest
    return isDue(record, { datesEveryChange: this.controlPlane.datesEveryChange, maxClockSkew, ageMillis })
      ? { resourceVersion, faults: this.faults }
      : undefined
  }

  /** It has had its look, and has no lease. */
  checkFirstLook({ due, process }: Life): void {
    if (
      due !== undefined && due.faults === this.faults && this.findings.broken.size === 0 &&
      this.controlPlane.record()?.metadata.resourceVersion === due.resourceVersion
    ) {
      this.findings.report("taken at first look", `${process.name} leaves alone what has run out for all to tell`)
    }
  }

  /** W1: what is gone without having been given back counts as standing for whoever has been shown that it is gone. */
  #checkWaitedOut({ engines, process, shownDeleted }: Life, { number, sentAt, wasStopped }: Write): void {
    if (
      // What one engine has been shown, another does not know.
      engines === 1 &&
      shownDeleted !== undefined && !wasStopped && shownDeleted.sent <= number && sentAt < shownDeleted.standsUntil
    ) {
      this.findings.report("waits out", `${process.name} creates what was deleted under another's term`)
    }
  }

  /** Which node holds the lease, if one does. */
  holderNode(): number | undefined {
    const holder = this.beliefs.holder()
    for (const { node, process } of this.lives) {
      if (process === holder) {
        return node
      }
    }
    return undefined
  }

  /** Somebody else, who may be gone before it hears of it. */
  successorOf(life: Life): string {
    for (const { isEnding, sender } of this.lives) {
      if (sender !== life.sender && !isEnding) {
        return sender.owner
      }
    }
    return "nobody-any-more"
  }

  /** How long after the end of its validity a term may still not have been lost, if its process runs (R4). */
  lossMillis(ttl: number): number {
    return Math.min(1000, ttl / 10) / this.#slowest + timerMillis
  }

  ownProcess(process: Process): void {
    if (process.hasPromises) {
      this.#withPromises.push(process)
    }
  }

  /** Every process goes as far as it can without time passing; with a promise only if any of their users has some. */
  settle(): Promise<void> | undefined {
    this.contention.look()
    for (let isReady = true; isReady;) {
      isReady = false
      for (const { process } of this.lives) {
        if (process.isReady) {
          if (process.hasPromises) {
            return this.#settleWithPromises()
          }
          isReady = true
          process.drain()
        }
      }
    }
    return undefined
  }

  async #settleWithPromises(): Promise<void> {
    for (let isReady = true; isReady;) {
      isReady = false
      for (const { process } of this.lives) {
        if (process.isReady) {
          isReady = true
          await (process.hasPromises ? process.drainWithPromises() : process.drain())
        }
      }
    }
  }

  /** What modules remember of its processes, and nobody else shall find. */
  forget(): void {
    this.#withPromises.forEach(forgetHoldingsOf)
  }
}
