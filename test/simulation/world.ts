import * as Duration from "effect/Duration"
import type { LeaseObject, WatchEvent } from "../../src/LeaseObject.js"
import { durationMillisOf, ownerOf } from "../../src/LeaseTerm.js"
import { Ambushes } from "./ambushes.js"
import type { Answer } from "./controlPlane.js"
import { ControlPlane } from "./controlPlane.js"
import { Beliefs } from "./beliefs.js"
import { Dice } from "./dice.js"
import type { Ambush } from "./fault.js"
import { Findings } from "./findings.js"
import type { Write } from "./ledger.js"
import { Ledger } from "./ledger.js"
import type { Life } from "./life.js"
import type { Plan } from "./plan.js"
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
  /** Every process that runs, the ending ones among them. */
  readonly lives = new Set<Life>()
  /** Which replica answers each node. */
  readonly replicas: Array<number>
  requests = 0
  faults = 0
  /** Lets happen what an ambush has in store. */
  follow: (ambush: Ambush) => void = () => {}
  readonly #slowest: number
  readonly #fastest: number

  constructor(plan: Plan, isTold: boolean) {
    this.dice = new Dice(plan.seed).fork("world")
    this.findings = new Findings(() => this.time.now, isTold)
    this.weather = new Weather(() => this.time.now, plan.quietAt)
    this.controlPlane = new ControlPlane(plan.server, this.time, this.dice.fork("server"))
    this.ledger = new Ledger(this.findings, () => this.controlPlane.record())
    this.beliefs = new Beliefs(
      this.time,
      this.findings,
      this.ledger,
      new ProtectedStore(this.findings),
      this.dice.fork("store")
    )
    this.replicas = plan.nodes.map(({ replica }) => replica)
    this.#slowest = plan.slowest
    this.#fastest = plan.fastest
  }

  /** A request arrives at the API server. */
  serve(life: Life, fieldManager: string, write: Write): Answer {
    this.requests++
    const { node } = life
    const replica = this.replicas[node] ?? 0
    if (write.purpose === "read") {
      const answer = this.controlPlane.answer(replica, fieldManager, write.request)
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

  #sees(life: Life, { metadata: { uid } }: LeaseObject): void {
    if (life.shownDeleted?.uid !== uid) {
      life.shownDeleted = undefined
    }
  }

  /** A process has taken in what a watch has shown. */
  shows(life: Life, event: WatchEvent): void {
    if (event._tag === "Bookmark") {
      return
    }
    this.#sees(life, event.lease)
    const owner = ownerOf(event.lease)
    const { uid } = event.lease.metadata
    if (event._tag === "Deleted" && owner !== "" && owner !== life.sender.owner) {
      life.shownDeleted = {
        uid,
        sent: life.connection.sent(),
        standsUntil: this.ledger.lastWriteAt(uid) + durationMillisOf(event.lease, Duration.zero) / this.#fastest
      }
    }
  }

  /** W1: what is gone without having been given back counts as standing for whoever has been shown that it is gone. */
  #checkWaitedOut({ process, shownDeleted }: Life, { number, sentAt, wasStopped }: Write): void {
    if (
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

  /** Every process goes as far as it can without time passing. */
  settle(): void {
    for (let isReady = true; isReady;) {
      isReady = false
      for (const { process } of this.lives) {
        if (process.isReady) {
          isReady = true
          process.drain()
        }
      }
    }
  }
}
