import type { Answer } from "./controlPlane.js"
import { ControlPlane } from "./controlPlane.js"
import { Beliefs } from "./beliefs.js"
import { Dice } from "./dice.js"
import { Findings } from "./findings.js"
import type { Write } from "./ledger.js"
import { Ledger } from "./ledger.js"
import type { Life } from "./node.js"
import type { Plan } from "./plan.js"
import { Process } from "./process.js"
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
  readonly controlPlane: ControlPlane
  readonly serverProcess: Process
  readonly ledger: Ledger
  readonly beliefs: Beliefs
  /** Every process that runs, the ending ones among them. */
  readonly lives = new Set<Life>()
  /** Which replica answers each node. */
  readonly replicas: Array<number>
  requests = 0
  readonly #slowest: number

  constructor(plan: Plan, isTold: boolean) {
    this.dice = new Dice(plan.seed).fork("world")
    this.findings = new Findings(() => this.time.now, isTold)
    this.weather = new Weather(() => this.time.now, plan.quietAt)
    this.controlPlane = new ControlPlane(plan.server, this.time, this.dice.fork("server"))
    this.serverProcess = new Process({
      name: "server",
      machine: this.controlPlane.machine,
      time: this.time,
      dice: this.dice.fork("server process"),
      interleaving: { isShuffled: false, operationsATurn: 2048 },
      log: () => {}
    })
    this.ledger = new Ledger(this.findings)
    this.beliefs = new Beliefs(
      this.time,
      this.findings,
      this.ledger,
      new ProtectedStore(this.findings),
      this.dice.fork("store")
    )
    this.replicas = plan.nodes.map(({ replica }) => replica)
    this.#slowest = plan.slowest
  }

  /** A request arrives at the API server. */
  serve(node: number, fieldManager: string, write: Write): Answer {
    this.requests++
    const replica = this.replicas[node] ?? 0
    if (write.purpose === "read") {
      return this.controlPlane.answer(replica, fieldManager, write.request)
    }
    const before = this.controlPlane.record()
    const webhook = write.purpose === "acquire" ? this.weather.webhookOf(node) : undefined
    const request = webhook === undefined ? write.request : changedByWebhook(write.request, webhook.changes)
    const answer = this.controlPlane.answer(replica, fieldManager, request)
    if (answer._tag === "Success") {
      this.ledger.note(write, before, this.controlPlane.record(), this.time.now)
    }
    return answer
  }

  /** How long after the end of its validity a term may still not have been lost, if its process runs (R4). */
  lossMillis(ttl: number): number {
    return Math.min(1000, ttl / 10) / this.#slowest + timerMillis
  }

  /** Every process goes as far as it can without time passing. */
  settle(): void {
    for (let isReady = true; isReady;) {
      isReady = false
      for (const process of this.#processes()) {
        if (process.isReady) {
          isReady = true
          process.drain()
        }
      }
    }
  }

  *#processes(): Iterable<Process> {
    yield this.serverProcess
    for (const { process } of this.lives) {
      yield process
    }
  }
}
