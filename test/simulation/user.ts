import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { LeaseService } from "../../src/LeaseService.js"
import * as Leases from "../../src/LeaseService.js"
import type { HeldLease } from "../../src/LeaseService.js"
import type { Belief } from "./belief.js"
import { isBelieved } from "./belief.js"
import { ref } from "./controlPlane.js"
import type { Life } from "./life.js"
import type { Habits } from "./plan.js"
import { termOf } from "./termSpy.js"
import type { World } from "./world.js"

/** Whoever uses the lease in one life of a process. */
export class User {
  readonly #world: World
  readonly #habits: Habits
  readonly #lifeOf: () => Life
  #idleUntil = 0
  #stopUse: (() => void) | undefined

  constructor(world: World, habits: Habits, lifeOf: () => Life) {
    this.#world = world
    this.#habits = habits
    this.#lifeOf = lifeOf
  }

  /** Gives up whatever it does, and does nothing for a while. */
  idle(until: number): void {
    this.#idleUntil = until
    this.#lifeOf().process.post(() => this.#stopUse?.())
  }

  get program(): Effect.Effect<never, never, LeaseService> {
    const { findings, time } = this.#world
    return Effect.gen(this, function*() {
      while (true) {
        if (time.now >= this.#idleUntil) {
          yield* this.#untilIdle
        }
        yield* Effect.sleep(Duration.millis(this.#habits.restMillis))
      }
    }).pipe(
      Effect.tapDefect((cause) =>
        Effect.sync(() => findings.report("no defect", `${this.#lifeOf().process.name}: ${cause}`))
      )
    )
  }

  get #untilIdle(): Effect.Effect<void, never, LeaseService> {
    const { findings, time } = this.#world
    return Effect.gen(this, function*() {
      const life = this.#lifeOf()
      life.idleSince = undefined
      const enough = yield* Deferred.make<void>()
      this.#stopUse = () => Deferred.unsafeDone(enough, Effect.void)
      yield* this.#use(life).pipe(
        Effect.raceFirst(Deferred.await(enough)),
        Effect.catchAll((error) =>
          error._tag === "InvalidSettings"
            ? Effect.die(error)
            : Effect.sync(() => findings.tell(life.process.name, () => `fails: ${error.message}`))
        )
      )
      life.idleSince = time.now
    })
  }

  /** From wanting the lease to the end of what came of it. */
  #use(life: Life) {
    const { patienceMillis, style } = this.#habits
    const options = { ...ref, ...life.settings, owner: life.sender.owner }
    const holding = Effect.flatMap(Leases.HeldLease, (held) => this.#hold(life, held))
    return Effect.gen(this, function*() {
      const service = yield* Leases.LeaseService
      switch (style) {
        case "try": {
          const held = yield* withPatience(service.tryAcquire(options), patienceMillis)
          if (Option.isSome(held)) {
            yield* this.#hold(life, held.value)
          }
          return
        }
        case "wait":
          return yield* this.#hold(life, yield* withPatience(service.acquire(options), 10 * patienceMillis))
        case "withLease":
          return yield* Leases.withLease(holding, options)
        case "campaign":
          return yield* Leases.campaign(holding, options)
      }
    }).pipe(Effect.scoped)
  }

  #hold(life: Life, held: HeldLease): Effect.Effect<void> {
    const { beliefs } = this.#world
    const { holdMillis, verifyMillis, workMillis } = this.#habits
    return Effect.suspend(() => {
      const term = termOf(life.process, held.token)
      if (term === undefined) {
        return Effect.dieMessage("A term began without a look at the clocks")
      }
      const belief: Belief = {
        process: life.process,
        held,
        term,
        patienceMillis: this.#world.lossMillis(life.settings.ttl),
        heardOfEnd: false,
        isLost: false,
        isClosed: false,
        overdueSince: undefined,
        overAfterStep: undefined
      }
      beliefs.begin(belief, life.sender)
      const lost = Effect.catchAll(held.lost, () => Effect.sync(() => beliefs.end(belief, life.sender)))
      const leaving = Effect.zipRight(Effect.sleep(Duration.millis(holdMillis)), this.#leave(life, belief))
      const working = every(workMillis, this.#work(belief))
      const verifying = every(verifyMillis, Effect.ignore(held.verify))
      return Effect.raceAll([lost, leaving, working, verifying]).pipe(
        Effect.ensuring(Effect.sync(() => {
          // What it does is interrupted by the loss: so it is told.
          if (term.loss !== undefined) {
            beliefs.end(belief, life.sender)
          }
          belief.isClosed = true
        }))
      )
    })
  }

  #work(belief: Belief): Effect.Effect<void> {
    return Effect.suspend(() => {
      const wasOver = !isBelieved(belief)
      return Effect.map(belief.held.isHeld, (isHeld) => this.#world.beliefs.hear(belief, wasOver, isHeld))
    })
  }

  /** Its scope releases what it has not handed over. */
  #leave(life: Life, belief: Belief): Effect.Effect<void> {
    return this.#habits.leaves === "release" ? Effect.void : Effect.suspend(() => {
      belief.isClosed = true
      return Effect.ignore(belief.held.handOver({ to: this.#world.successorOf(life) }))
    })
  }
}

const withPatience = <A, E, R>(effect: Effect.Effect<A, E, R>, millis: number) =>
  Number.isFinite(millis) ? Effect.timeout(effect, Duration.millis(millis)) : effect

const every = (millis: number, effect: Effect.Effect<unknown>): Effect.Effect<never> =>
  Number.isFinite(millis)
    ? Effect.forever(Effect.zipRight(Effect.sleep(Duration.millis(millis)), effect))
    : Effect.never
