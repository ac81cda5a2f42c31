import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import * as FiberRef from "effect/FiberRef"
import * as HashSet from "effect/HashSet"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Random from "effect/Random"
import * as Runtime from "effect/Runtime"
import * as RuntimeFlags from "effect/RuntimeFlags"
import type { Scheduler, Task } from "effect/Scheduler"
import type { Dice } from "./dice.js"
import type { Machine } from "./machine.js"
import type { Happening, VirtualTime } from "./virtualTime.js"

/** How the fibers of a process get their turns. */
export interface Interleaving {
  /** Ready fibers go in any order instead of in turn. */
  readonly isShuffled: boolean
  /** A fiber gives way after so many operations; Effect's own default is 2048. */
  readonly operationsATurn: number
}

interface Timer {
  readonly dueMillis: number
  readonly run: () => void
  happening: Happening
}

/** Effect's own counts of fibers are not looked at here. */
const runFork = Runtime.runFork(
  Runtime.disableRuntimeFlag(Runtime.defaultRuntime, RuntimeFlags.RuntimeMetrics)
)

/** The rest of what is logged are details. */
const firstOf = (message: unknown): string => String(Array.isArray(message) ? message[0] : message)

/** More turns than this without time passing is a loop that never waits. */
const mostTurns = 50_000

/**
 * One operating-system process: runs Effect fibers one after the other on its machine's clocks. It can be stopped in
 * the middle of anything, so that every timer and answer comes late, and it can die.
 */
export class Process {
  static #current: Process | undefined

  /** The one whose turn it is. */
  static get current(): Process | undefined {
    return Process.#current
  }

  readonly name: string
  readonly machine: Machine
  readonly clock: Clock.Clock
  readonly #time: VirtualTime
  readonly #dice: Dice
  readonly #interleaving: Interleaving
  readonly #scheduler: Scheduler
  readonly #random: Random.Random
  readonly #log: ((level: string, message: string) => void) | undefined
  readonly #logger: Logger.Logger<unknown, void>
  #ready: Array<Task> = []
  readonly #timers = new Set<Timer>()
  readonly #fibers = new Set<Fiber.RuntimeFiber<unknown, unknown>>()
  #stops = 0
  #resumedAt = Number.NEGATIVE_INFINITY
  #wasStoppedMidway = false
  #isCrashed = false
  #stopIn: { operations: number; readonly stop: () => void } | undefined

  constructor(
    options: {
      readonly name: string
      readonly machine: Machine
      readonly time: VirtualTime
      readonly dice: Dice
      readonly interleaving: Interleaving
      /** Nobody reads it where there is none. */
      readonly log: ((level: string, message: string) => void) | undefined
    }
  ) {
    this.name = options.name
    this.machine = options.machine
    this.#time = options.time
    this.#dice = options.dice
    this.#interleaving = options.interleaving
    this.#random = Random.make(options.dice.fork("Random").unit())
    this.#log = options.log
    this.#logger = Logger.make(({ logLevel, message }) => options.log?.(logLevel.label, firstOf(message)))
    this.#scheduler = {
      shouldYield: (fiber) => this.#shouldYield(fiber.currentOpCount) ? 0 : false,
      scheduleTask: (task, _priority, fiber) => {
        if (fiber !== undefined) {
          this.#fibers.add(fiber)
        }
        this.post(task)
      }
    }
    const millis = () => Math.floor(this.machine.wallMillis())
    const nanos = () => this.machine.monotonicNanos()
    this.clock = {
      [Clock.ClockTypeId]: Clock.ClockTypeId,
      unsafeCurrentTimeMillis: millis,
      unsafeCurrentTimeNanos: nanos,
      currentTimeMillis: Effect.sync(millis),
      currentTimeNanos: Effect.sync(nanos),
      sleep: (duration) =>
        Effect.async<void>((resume) => {
          const timer = this.#addTimer(Duration.toMillis(duration), () => resume(Effect.void))
          return Effect.sync(() => this.#removeTimer(timer))
        })
    }
    this.machine.onRateChange(() => {
      for (const timer of this.#timers) {
        timer.happening.run = undefined
        timer.happening = this.#schedule(timer)
      }
    })
  }

  get isCrashed(): boolean {
    return this.#isCrashed
  }

  get isRunning(): boolean {
    return !this.#isCrashed && this.#stops === 0
  }

  /** When it last went on after a stop. */
  get resumedAt(): number {
    return this.#resumedAt
  }

  /** Its last stop came in the middle of what it did. */
  get wasStoppedMidway(): boolean {
    return this.#wasStoppedMidway
  }

  get isReady(): boolean {
    return this.isRunning && this.#ready.length > 0
  }

  /** Comes to pass with this process's next turn. */
  post(task: Task): void {
    if (!this.#isCrashed) {
      this.#ready.push(task)
    }
  }

  run<A, E>(effect: Effect.Effect<A, E>): Fiber.RuntimeFiber<A, E> {
    const fiber = runFork(
      effect.pipe(
        Effect.withClock(this.clock),
        Effect.withRandom(this.#random),
        Effect.withTracerEnabled(false),
        Effect.locally(FiberRef.currentLoggers, HashSet.make(this.#logger)),
        Effect.locally(FiberRef.currentMinimumLogLevel, this.#log === undefined ? LogLevel.None : LogLevel.Info)
      ),
      { scheduler: this.#scheduler, immediate: false }
    )
    this.#fibers.add(fiber)
    return fiber
  }

  interrupt(fiber: Fiber.RuntimeFiber<unknown, unknown>): void {
    this.post(() => fiber.unsafeInterruptAsFork(FiberId.none))
  }

  /** As far as it goes without time passing. */
  drain(): void {
    Process.#current = this
    for (let turn = 0; this.isReady; turn++) {
      if (turn > mostTurns) {
        throw new Error(`${this.name} loops without waiting`)
      }
      this.#next()?.()
    }
    Process.#current = undefined
    if (this.#fibers.size > 64) {
      this.#forgetEndedFibers()
    }
  }

  stop(isMidway = false): void {
    if (this.#stops === 0) {
      this.#wasStoppedMidway = isMidway
    }
    this.#stops++
  }

  resume(): void {
    this.#stops--
    this.#resumedAt = this.#time.now
  }

  /** Stops in the middle of whatever it does after so many operations. */
  stopAfter(operations: number, stop: () => void): void {
    this.#stopIn = { operations, stop }
  }

  crash(): void {
    this.#isCrashed = true
    this.#ready = []
    for (const timer of this.#timers) {
      timer.happening.run = undefined
    }
    this.#timers.clear()
    this.#fibers.clear()
  }

  /** What keeps this process from ending. */
  leftovers(): ReadonlyArray<string> {
    this.#forgetEndedFibers()
    return [
      ...(this.#ready.length > 0 ? [`${this.#ready.length} ready tasks`] : []),
      ...(this.#timers.size > 0 ? [`${this.#timers.size} timers`] : []),
      ...(this.#fibers.size > 0 ? [`${this.#fibers.size} fibers`] : [])
    ]
  }

  #next(): Task | undefined {
    return this.#interleaving.isShuffled && this.#ready.length > 1
      ? this.#ready.splice(this.#dice.integer(this.#ready.length), 1)[0]
      : this.#ready.shift()
  }

  #shouldYield(operations: number): boolean {
    const stopIn = this.#stopIn
    if (stopIn !== undefined && --stopIn.operations <= 0) {
      this.#stopIn = undefined
      stopIn.stop()
      return true
    }
    return operations > this.#interleaving.operationsATurn
  }

  #addTimer(millis: number, run: () => void): Timer {
    // Timers take whole milliseconds, and a loop's notion of now is up to one old.
    const slop = this.#dice.chance(0.5) ? this.#dice.between(0, 3) : this.#dice.between(-0.9, 0)
    const dueMillis = this.machine.monotonicMillis() + Math.max(1, Math.trunc(millis)) + slop
    const timer: Timer = { dueMillis, run, happening: { at: 0, order: 0, run: undefined } }
    timer.happening = this.#schedule(timer)
    this.#timers.add(timer)
    return timer
  }

  #schedule(timer: Timer): Happening {
    return this.#time.at(this.machine.timeAt(timer.dueMillis), () => {
      this.#timers.delete(timer)
      this.post(timer.run)
    })
  }

  #removeTimer(timer: Timer): void {
    timer.happening.run = undefined
    this.#timers.delete(timer)
  }

  #forgetEndedFibers(): void {
    for (const fiber of this.#fibers) {
      if (fiber.unsafePoll() !== null) {
        this.#fibers.delete(fiber)
      }
    }
  }
}
