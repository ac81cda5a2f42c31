import type { Connection } from "./connection.js"
import type { Dice } from "./dice.js"
import type { Life, Users } from "./life.js"
import { Machine } from "./machine.js"
import { connect } from "./network.js"
import type { NodePlan, OneShotPlan } from "./plan.js"
import { Process } from "./process.js"
import { promiseUsers } from "./promiseUsers.js"
import { termsHeldInThisInstant } from "./termSpy.js"
import { effectUsers } from "./user.js"
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
  #users: Users | undefined
  /** Those who have been asked to end. */
  #former: Users | undefined

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
      hasPromises: this.#plan.promises !== undefined,
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
      termsHeld: () => termsHeldInThisInstant(process),
      serve: (write) => this.#world.serve(life, this.#plan.fieldManager, write),
      fieldManager: this.#plan.fieldManager,
      proxy: this.#plan.proxy,
      watch: (manager, scope, resourceVersion) => controlPlane.watch(manager, scope, resourceVersion),
      onEvent: (event) => this.#world.shows(life, event)
    })
    const settings = this.#plan.variants[this.#variant] ?? this.#plan.variants[0]
    const life: Life = {
      node: this.#index,
      process,
      sender,
      connection,
      settings,
      users: this.#plan.promises?.instances.length ?? 1,
      engines: this.#plan.promises?.engines ?? 1,
      busy: 0,
      idleSince: time.now,
      isEnding: false,
      isOneShot: this.#plan.oneShot !== undefined,
      due: this.#world.dueRecord(this.#index, sender, settings),
      shownDeleted: undefined,
      hasLooked: false
    }
    this.#life = life
    this.#users = this.#plan.promises === undefined
      ? effectUsers(this.#world, life, this.#plan, connection.api)
      : promiseUsers(this.#world, life, this.#plan.promises, this.#plan.bystanders ?? 0, connection.api)
    this.#world.lives.add(life)
    this.#world.ownProcess(process)
    findings.tell(name, () => `boots as ${owner}, ttl ${settings.ttl} ms`)
    if (this.#plan.oneShot !== undefined) {
      this.#runOnce(life, this.#plan.oneShot, own.fork("oneShot"))
    }
  }

  /** Ends it when it has done its work, or before, and starts the next one. */
  #runOnce(life: Life, { crashes, gapMillis, workMillis }: OneShotPlan, dice: Dice): void {
    const { findings, lives, time } = this.#world
    const next = (): void => {
      time.after(dice.between(0.5, 1.5) * gapMillis, () => this.boot())
    }
    if (dice.chance(crashes)) {
      time.after(dice.between(0, workMillis), () => {
        if (this.#life === life) {
          this.crash(true)
          next()
        }
      })
    }
    const look = (): void => {
      if (this.#life !== life) {
        return
      }
      if (this.#users?.haveEnded() === true && life.process.leftovers().length === 0) {
        findings.tell(life.process.name, () => "has ended by itself")
        lives.delete(life)
        this.#life = undefined
        this.#names++
        next()
      } else {
        time.after(1000, look)
      }
    }
    look()
  }

  #isEnding(): boolean {
    return this.#former?.haveEnded() === false
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
      this.#users?.end()
      this.#former = this.#users
      this.#life = undefined
    }
  }

  useVariant(variant: number): void {
    this.#variant = variant
  }

  idle(millis: number, afterTurns: number): void {
    this.#amidst(afterTurns, (users) => users.idle(this.#world.time.now + millis))
  }

  nudge(afterTurns: number): void {
    this.#amidst(afterTurns, (users) => users.nudge())
  }

  #amidst(turns: number, act: (users: Users) => void): void {
    const users = this.#users
    if (this.#life === undefined || users === undefined) {
      return
    }
    if (this.#life.process.hasPromises) {
      this.#life.process.interject(turns, () => act(users))
    } else {
      act(users)
    }
  }
}
