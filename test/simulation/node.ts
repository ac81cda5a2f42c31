import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { KubeApi } from "../../src/KubeApi.js"
import { isKubeError } from "../../src/KubeError.js"
import type { HeldLease } from "../../src/LeaseService.js"
import * as LeaseService from "../../src/LeaseService.js"
import type { Belief } from "./belief.js"
import { ref } from "./controlPlane.js"
import type { Sender } from "./ledger.js"
import { Machine } from "./machine.js"
import type { Connection } from "./network.js"
import { connect } from "./network.js"
import type { NodePlan } from "./plan.js"
import { Process } from "./process.js"
import { termOf, validTermsOf } from "./termSpy.js"
import type { World } from "./world.js"

/** One life of a node's process. */
export interface Life {
  readonly process: Process
  readonly sender: Sender
  readonly connection: Connection
  readonly settings: NodePlan["variants"][number]
  readonly program: Fiber.RuntimeFiber<unknown, unknown>
  /** Since when its user has neither tried to get the lease nor held it. */
  idleSince: number | undefined
  isEnding: boolean
}

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
  #idleUntil = 0
  #interruptUser: (() => void) | undefined
  #life: Life | undefined

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
    if (this.#life !== undefined) {
      return
    }
    if (this.machine.isSuspended || this.#isEnding()) {
      // A machine that stands still starts nothing, and the one before has to be gone (b).
      this.#world.time.after(500, () => this.boot(owner))
      return
    }
    const { controlPlane, dice, findings, serverProcess, time, weather } = this.#world
    const name = `${this.#label}.${this.#lives++}`
    const sender = { name, owner }
    const own = dice.fork(`life ${name}`)
    const process: Process = new Process({
      name,
      machine: this.machine,
      time,
      dice: own.fork("process"),
      interleaving: this.#plan.interleaving,
      log: (level, message) => findings.tell(name, () => `${level}: ${message}`)
    })
    const connection: Connection = connect({
      node: this.#index,
      process,
      sender,
      dice: own.fork("network"),
      time,
      weather,
      findings,
      validTerms: () => validTermsOf(process),
      serve: (write) => this.#world.serve(this.#index, this.#plan.fieldManager, write),
      fieldManager: this.#plan.fieldManager,
      serverProcess,
      watch: (manager, ref, resourceVersion) => controlPlane.apiAs(manager).watchLease(ref, { resourceVersion })
    })
    const settings = this.#plan.variants[this.#variant] ?? this.#plan.variants[0]
    const program = process.run(
      Effect.provide(
        this.#use(() => life, owner, settings),
        Layer.provide(LeaseService.layer, Layer.succeed(KubeApi, connection.api))
      )
    )
    const life: Life = { process, sender, connection, settings, program, idleSince: time.now, isEnding: false }
    this.#life = life
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
      life.connection.hangUp()
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
    this.#idleUntil = this.#world.time.now + millis
    this.#life?.process.post(() => this.#interruptUser?.())
  }

  #use(lifeOf: () => Life, owner: string, settings: NodePlan["variants"][number]) {
    const { habits } = this.#plan
    const { findings, time } = this.#world
    const whileBusy = Effect.gen(this, function*() {
      const life = lifeOf()
      life.idleSince = undefined
      const enough = yield* Deferred.make<void>()
      this.#interruptUser = () => Deferred.unsafeDone(enough, Effect.void)
      yield* Effect.scoped(this.#term(life, owner, settings)).pipe(
        Effect.raceFirst(Deferred.await(enough)),
        Effect.catchAll((error) => Effect.sync(() => findings.tell(life.process.name, () => `fails: ${error.message}`)))
      )
      life.idleSince = time.now
    })
    return Effect.gen(this, function*() {
      yield* LeaseService.LeaseService
      while (true) {
        if (time.now >= this.#idleUntil) {
          yield* whileBusy
        }
        yield* Effect.sleep(Duration.millis(habits.pollMillis))
      }
    }).pipe(
      Effect.tapDefect((cause) => Effect.sync(() => findings.report("no defect", `${lifeOf().process.name}: ${cause}`)))
    )
  }

  /** From an attempt to the end of what came of it. */
  #term(life: Life, owner: string, settings: NodePlan["variants"][number]) {
    const { habits } = this.#plan
    return Effect.gen(this, function*() {
      const service = yield* LeaseService.LeaseService
      const attempt = service.tryAcquire({ ...ref, ...settings, owner })
      const held = yield* Number.isFinite(habits.patienceMillis)
        ? Effect.timeout(attempt, Duration.millis(habits.patienceMillis))
        : attempt
      if (Option.isSome(held)) {
        yield* this.#hold(life, held.value)
      }
    }).pipe(Effect.catchIf((error) => !isKubeError(error) && error._tag === "InvalidSettings", Effect.die))
  }

  #hold(life: Life, held: HeldLease) {
    const { habits } = this.#plan
    const { beliefs, time } = this.#world
    return Effect.gen(this, function*() {
      const term = termOf(life.process, held.token)
      if (term === undefined) {
        return yield* Effect.dieMessage("A term began without a look at the clocks")
      }
      const belief: Belief = {
        process: life.process,
        held,
        term,
        patienceMillis: this.#world.lossMillis(life.settings.ttl),
        heardOfEnd: false,
        isClosed: false,
        overdueSince: undefined
      }
      beliefs.begin(belief, life.sender)
      yield* Effect.addFinalizer(() =>
        Effect.sync(() => {
          belief.isClosed = true
        })
      )
      const lost = Effect.catchAll(held.lost, () => Effect.sync(() => beliefs.end(belief)))
      const leaving = Effect.sleep(Duration.millis(habits.holdMillis))
      const working = this.#every(habits.workMillis, Effect.map(held.isHeld, (isHeld) => beliefs.hear(belief, isHeld)))
      const verifying = this.#every(habits.verifyMillis, Effect.ignore(held.verify))
      yield* Effect.raceAll([lost, leaving, working, verifying])
      this.#world.findings.tell(life.process.name, () => `ends its use of term ${held.token} at ${time.now.toFixed(1)}`)
    })
  }

  #every(millis: number, effect: Effect.Effect<unknown>): Effect.Effect<never> {
    return Number.isFinite(millis)
      ? Effect.forever(Effect.zipRight(Effect.sleep(Duration.millis(millis)), effect))
      : Effect.never
  }
}
