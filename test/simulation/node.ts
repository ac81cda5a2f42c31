import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { KubeApi } from "../../src/KubeApi.js"
import * as LeaseService from "../../src/LeaseService.js"
import type { Life } from "./life.js"
import { Machine } from "./machine.js"
import type { Connection } from "./network.js"
import { connect } from "./network.js"
import type { NodePlan } from "./plan.js"
import { Process } from "./process.js"
import { validTermsOf } from "./termSpy.js"
import { User } from "./user.js"
import type { World } from "./world.js"

/** A machine, and the process on it that uses the lease. */
export class Node {
  readonly machine: Machine
  readonly #world: World
  readonly #index: number
  readonly #plan: NodePlan
  readonly #label: string
  #lives = 0
  #names = 0
  #variant = 0
  #life: Life | undefined
  #user: User | undefined

  constructor(world: World, index: number, plan: NodePlan, label = String.fromCharCode(65 + index)) {
    this.#world = world
    this.#index = index
    this.#plan = plan
    this.#label = label
    this.machine = new Machine(world.time, plan.rate, plan.wallOffset)
  }

  get life(): Life | undefined {
    return this.#life
  }

  boot(owner = `${this.#label}${this.#names}`): void {
    if (this.#life !== undefined || this.#plan.bootsAt === Number.POSITIVE_INFINITY) {
      return
    }
    if (this.machine.isSuspended || this.#isEnding()) {
      // A machine that stands still starts nothing, and the one before has to be gone (b).
      this.#world.time.after(500, () => this.boot(owner))
      return
    }
    const { ambushes, controlPlane, dice, findings, time, weather } = this.#world
    const name = `${this.#label}.${this.#lives++}`
    const sender = { name, owner }
    const own = dice.fork(`life ${name}`)
    const process: Process = new Process({
      name,
      machine: this.machine,
      time,
      dice: own.fork("process"),
      interleaving: this.#plan.interleaving,
      log: findings.isTold ? (level, message) => findings.tell(name, () => `${level}: ${message}`) : undefined
    })
    const connection: Connection = connect({
      node: this.#index,
      process,
      sender,
      dice: own.fork("network"),
      time,
      weather,
      findings,
      spring: (purpose) => ambushes.spring(this.#index, purpose),
      follow: (ambush) => this.#world.follow(ambush),
      validTerms: () => validTermsOf(process),
      serve: (write) => this.#world.serve(life, this.#plan.fieldManager, write),
      fieldManager: this.#plan.fieldManager,
      watch: (manager, ref, resourceVersion) => controlPlane.apiAs(manager).watchLease(ref, { resourceVersion }),
      onEvent: (event) => this.#world.shows(life, event)
    })
    const settings = this.#plan.variants[this.#variant] ?? this.#plan.variants[0]
    const user = new User(this.#world, this.#plan.habits, () => life)
    const program = process.run(
      Effect.provide(
        user.program,
        Layer.provide(LeaseService.layer, Layer.succeed(KubeApi, connection.api))
      )
    )
    const life: Life = {
      node: this.#index,
      process,
      sender,
      connection,
      settings,
      program,
      idleSince: time.now,
      isEnding: false,
      shownDeleted: undefined
    }
    this.#life = life
    this.#user = user
    this.#world.lives.add(life)
    findings.tell(name, () => `boots as ${owner}, ttl ${settings.ttl} ms`)
  }

  #isEnding(): boolean {
    for (const { isEnding, process, program } of this.#world.lives) {
      if (isEnding && process.machine === this.machine && program.unsafePoll() === null) {
        return true
      }
    }
    return false
  }

  crash(isRenamed: boolean): void {
    const life = this.#life
    if (life !== undefined) {
      this.#world.findings.tell(life.process.name, () => "crashes")
      life.process.crash()
      this.#world.lives.delete(life)
      this.#life = undefined
    }
    if (isRenamed) {
      this.#names++
    }
  }

  /** Asks it to end, as SIGTERM does. */
  end(): void {
    const life = this.#life
    if (life !== undefined && !life.isEnding) {
      this.#world.findings.tell(life.process.name, () => "is asked to end")
      life.isEnding = true
      life.process.interrupt(life.program)
      this.#life = undefined
    }
  }

  useVariant(variant: number): void {
    this.#variant = variant
  }

  idle(millis: number): void {
    if (this.#life !== undefined) {
      this.#user?.idle(this.#world.time.now + millis)
    }
  }
}
