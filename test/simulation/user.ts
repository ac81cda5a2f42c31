import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { KubeApi } from "../../src/KubeApi.js"
import type { HeldLease, LeaseService } from "../../src/LeaseService.js"
import * as Leases from "../../src/LeaseService.js"
import type { Belief } from "./belief.js"
import { beliefIn, isBelieved } from "./belief.js"
import { bystanderRefs, ref } from "./controlPlane.js"
import type { Life, Users } from "./life.js"
import { beginUse, endUse } from "./life.js"
import type { Habits, NodePlan } from "./plan.js"
import type { World } from "./world.js"

/** The one of a process that uses the Effect face. */
export const effectUsers = (
  world: World,
  life: Life,
  { bystanders = 0, habits }: Pick<NodePlan, "bystanders" | "habits">,
  api: KubeApi["Type"]
): Users => {
  const user = new User(world, habits, bystanders, life)
  const program = life.process.run(
    Effect.provide(user.program, Layer.provide(Leases.layer, Layer.succeed(KubeApi, api)))
  )
  return {
    idle: (until) => user.idle(until),
    nudge: () => {},
    end: () => life.process.interrupt(program),
    haveEnded: () => program.unsafePoll() !== null
  }
}

/** Whoever uses the lease in one life of a process. */
class User {
  readonly #world: World
  readonly #habits: Habits
  readonly #bystanders: number
  readonly #life: Life
  #idleUntil = 0
  #stopUse: (() => void) | undefined

  constructor(world: World, habits: Habits, bystanders: number, life: Life) {
    this.#world = world
    this.#habits = habits
    this.#bystanders = bystanders
    this.#life = life
  }

  /** Gives up whatever it does, and does nothing for a while. */
  idle(until: number): void {
    this.#idleUntil = until
    this.#life.process.post(() => this.#stopUse?.())
  }

  get program(): Effect.Effect<void, never, LeaseService> {
    const { findings, time } = this.#world
    return Effect.gen(this, function*() {
      yield* this.#waitForBystanders
      while (true) {
        if (time.now >= this.#idleUntil) {
          yield* this.#untilIdle
        }
        if (this.#life.isOneShot) {
          return
        }
        yield* Effect.sleep(Duration.millis(this.#habits.restMillis))
      }
    }).pipe(
      Effect.scoped,
      Effect.tapDefect((cause) =>
        Effect.sync(() => findings.report("no defect", `${this.#life.process.name}: ${cause}`))
      )
    )
  }

  get #waitForBystanders() {
    const { sender, settings } = this.#life
    return Effect.forEach(
      bystanderRefs.slice(0, this.#bystanders),
      (ref) =>
        Effect.forkScoped(Leases.LeaseService.pipe(
          Effect.flatMap((service) => service.acquire({ ...ref, ...settings, owner: sender.owner })),
          Effect.scoped,
          Effect.ignore
        )),
      { discard: true }
    )
  }

  get #untilIdle(): Effect.Effect<void, never, LeaseService> {
    const { findings, time } = this.#world
    return Effect.gen(this, function*() {
      const life = this.#life
      beginUse(life)
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
      endUse(life, time.now)
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
            return yield* this.#hold(life, held.value)
          }
          return this.#world.checkFirstLook(life)
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
      const belief = beliefIn(life.process, held.token, this.#world.lossMillis(life.settings.ttl))
      beliefs.begin(belief, life.sender)
      const lost = Effect.catchAll(held.lost, () => Effect.sync(() => beliefs.end(belief, life.sender)))
      const leaving = Effect.zipRight(Effect.sleep(Duration.millis(holdMillis)), this.#leave(life, belief, held))
      const working = every(workMillis, this.#work(belief, held))
      const verifying = every(verifyMillis, Effect.ignore(held.verify))
      return Effect.raceAll([lost, leaving, working, verifying]).pipe(
        Effect.ensuring(Effect.sync(() => {
          // What it does is interrupted by the loss: so it is told.
          if (belief.term.loss !== undefined) {
            beliefs.end(belief, life.sender)
          }
          belief.isClosed = true
        }))
      )
    })
  }

  #work(belief: Belief, held: HeldLease): Effect.Effect<void> {
    return Effect.suspend(() => {
      const wasOver = !isBelieved(belief)
      return Effect.map(held.isHeld, (isHeld) => this.#world.beliefs.hear(belief, wasOver, isHeld))
    })
  }

  /** Its scope releases what it has not handed over. */
  #leave(life: Life, belief: Belief, held: HeldLease): Effect.Effect<void> {
    return this.#habits.leaves === "release" ? Effect.void : Effect.suspend(() => {
      belief.isClosed = true
      return Effect.ignore(held.handOver({ to: this.#world.successorOf(life) }))
    })
  }
}

const withPatience = <A, E, R>(effect: Effect.Effect<A, E, R>, millis: number) =>
  Number.isFinite(millis) ? Effect.timeout(effect, Duration.millis(millis)) : effect

const every = (millis: number, effect: Effect.Effect<unknown>): Effect.Effect<never> =>
  Number.isFinite(millis)
    ? Effect.forever(Effect.zipRight(Effect.sleep(Duration.millis(millis)), effect))
    : Effect.never
