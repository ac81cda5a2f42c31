import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import * as FiberRef from "effect/FiberRef"
import * as HashSet from "effect/HashSet"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Random from "effect/Random"
import * as Runtime from "effect/Runtime"
import * as RuntimeFlags from "effect/RuntimeFlags"
import type { Scheduler, Task } from "effect/Scheduler"
import * as Scope from "effect/Scope"
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

/** Something that is to be done in the middle of whatever the process does, so many turns from now. */
interface Interjection {
  turns: number
  readonly act: () => void
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

/** What a promise sets off takes fewer rounds of microtasks than this before it waits for a fiber. */
const mostTicks = 100

/**
 * One operating-system process: runs Effect fibers one after the other on its machine's clocks, and the continuations of
 * promises between them. It can be stopped in the middle of anything, so that every timer and answer comes late, and it
 * can die.
 */
export class Process {
  static #current: Process | undefined

  /** The one whose turn it is. */
  static get current(): Process | undefined {
    return Process.#current
  }

  readonly name: string
  readonly machine: Machine
  readonly hasPromises: boolean
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
  readonly #interjections = new Set<Interjection>()
  #isCounting = false
  #ticks = 0
  #macrotasks = 0
  #stopIn: { operations: number; readonly stop: () => void } | undefined

  constructor(
    options: {
      readonly name: string
      readonly machine: Machine
      readonly time: VirtualTime
      readonly dice: Dice
      readonly interleaving: Interleaving
      /** Its users have promises, whose continuations have to be waited for. */
      readonly hasPromises: boolean
      /** Nobody reads it where there is none. */
      readonly log: ((level: string, message: string) => void) | undefined
    }
  ) {
    this.name = options.name
    this.machine = options.machine
    this.hasPromises = options.hasPromises
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
    const fiber = runFork(this.#asHere(effect), { scheduler: this.#scheduler, immediate: false })
    this.#fibers.add(fiber)
    return fiber
  }

  /** For what is run from promises: its fibers are this process's. */
  runtimeOf<R>(layer: Layer.Layer<R>): Runtime.Runtime<R> {
    return Effect.runSync(
      this.#asHere(Effect.flatMap(Scope.make(), (scope) => Scope.extend(Layer.toRuntime(layer), scope)))
    ).pipe(
      Runtime.setFiberRef(FiberRef.currentScheduler, this.#scheduler),
      Runtime.disableRuntimeFlag(RuntimeFlags.RuntimeMetrics)
    )
  }

  /**
   * As `Runtime.runPromiseExit`, whose fiber begins at once. The news of its end takes a turn of its own: nobody hears of
   * anything while the process is stopped, or once it has died.
   */
  promiseExit<R, A, E>(
    runtime: Runtime.Runtime<R>,
    effect: Effect.Effect<A, E, R>,
    signal?: AbortSignal
  ): Promise<Exit.Exit<A, E>> {
    return new Promise((resolve) => {
      if (this.#isCrashed) {
        return
      }
      const fiber = Runtime.runFork(runtime)(effect, { scheduler: this.#scheduler })
      this.#fibers.add(fiber)
      fiber.addObserver((exit) => this.post(() => resolve(exit)))
      const interrupt = (): void => fiber.unsafeInterruptAsFork(FiberId.none)
      if (signal?.aborted === true) {
        interrupt()
      } else {
        signal?.addEventListener("abort", interrupt, { once: true })
      }
    })
  }

  /** Resolves when the time is up, or `signal` aborts. */
  sleep(millis: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal.aborted) {
        return resolve()
      }
      const timer = Number.isFinite(millis) ? this.#addTimer(millis, () => wake()) : undefined
      const wake = (): void => {
        signal.removeEventListener("abort", wake)
        if (timer !== undefined) {
          this.#removeTimer(timer)
        }
        resolve()
      }
      signal.addEventListener("abort", wake, { once: true })
    })
  }

  /** How many rounds of microtasks have been counted. */
  get ticks(): number {
    return this.#ticks
  }

  /** How often everything had been done that could be done without time passing. */
  get macrotasks(): number {
    return this.#macrotasks
  }

  /** Between two turns of its fibers or two rounds of microtasks, so many from now, or before time passes. */
  interject(turns: number, act: () => void): void {
    if (!this.#isCrashed) {
      this.#interjections.add({ turns, act })
      this.#isCounting = true
      this.post(() => {})
    }
  }

  #asHere<A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> {
    return effect.pipe(
      Effect.withClock(this.clock),
      Effect.withRandom(this.#random),
      Effect.withTracerEnabled(false),
      Effect.locally(FiberRef.currentLoggers, HashSet.make(this.#logger)),
      Effect.locally(FiberRef.currentMinimumLogLevel, this.#log === undefined ? LogLevel.None : LogLevel.Info)
    )
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

  /**
   * As `drain`, with the continuations of promises: they get their turns between those of fibers, in every order that a
   * runtime could give them, and have all had them by the end.
   */
  async drainWithPromises(): Promise<void> {
    Process.#current = this
    for (let turn = 0;; turn++) {
      if (turn > mostTurns) {
        throw new Error(`${this.name} loops without waiting`)
      }
      if (this.isReady) {
        this.#next()?.()
        this.#countInterjections()
        await this.#someMicrotasks()
      } else {
        await this.#allMicrotasks()
        if (!this.isReady && !this.#interjectWhatIsLeft()) {
          break
        }
      }
    }
    this.#macrotasks++
    this.#isCounting = this.#interjections.size > 0
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
    this.#interjections.clear()
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

  async #someMicrotasks(): Promise<void> {
    const ticks = this.#dice.chance(0.4) ? 0 : Math.floor(this.#dice.span(1, 30))
    for (let tick = 0; tick < ticks; tick++) {
      await this.#tick()
    }
  }

  async #allMicrotasks(): Promise<void> {
    for (let tick = 0; this.#isCounting && tick < mostTicks; tick++) {
      await this.#tick()
    }
    await new Promise((resolve) => setImmediate(resolve))
  }

  /** What was waiting for its turn has had it, and what that has set off waits for the next one. */
  async #tick(): Promise<void> {
    await undefined
    this.#ticks++
    this.#countInterjections()
  }

  #countInterjections(): void {
    if (this.isRunning) {
      for (const interjection of this.#interjections) {
        if (interjection.turns-- <= 0) {
          this.#interjections.delete(interjection)
          interjection.act()
        }
      }
    }
  }

  /** False if nothing was left. */
  #interjectWhatIsLeft(): boolean {
    if (!this.isRunning || this.#interjections.size === 0) {
      return false
    }
    const left = [...this.#interjections]
    this.#interjections.clear()
    left.forEach(({ act }) => act())
    return true
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
