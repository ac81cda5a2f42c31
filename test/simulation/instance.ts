import type { Connection } from "../../src/internal/promise/connection.js"
import { lead } from "../../src/internal/promise/lead.js"
import type { LeaseHandle } from "../../src/internal/promise/leaseHandle.js"
import { isKubeError } from "../../src/KubeError.js"
import type { LeadWork, LeaseLost } from "../../src/KubernetesLease.js"
import { FencingToken } from "../../src/LeaseTerm.js"
import type { Belief } from "./belief.js"
import { beliefIn, isBelieved } from "./belief.js"
import type { Call } from "./contention.js"
import type { Life } from "./life.js"
import { beginUse, endUse } from "./life.js"
import type { InstancePlan } from "./plan.js"
import { handleIn, SimulatedLease } from "./promiseFace.js"
import { validTermsOf } from "./termSpy.js"
import type { World } from "./world.js"

/**
 * Rounds of microtasks in which a promise that is settled may still be on its way to whoever awaits it: a `release()` that
 * comes in these cannot call it back (P3).
 */
const settledTicks = 4

/** One instance of the Promise face in one life of a process, and whoever uses it. */
export class Instance {
  readonly #world: World
  readonly #life: Life
  readonly #plan: InstancePlan
  readonly #connection: Connection
  readonly #name: string
  readonly #handle: LeaseHandle
  readonly #lease: SimulatedLease
  readonly #ending = new AbortController()
  readonly #calls = new Set<Call>()
  #idleUntil = 0
  #enough = new AbortController()
  #rest = new AbortController()
  #present: Belief | undefined
  /** Ends what is done under the present term. */
  #over = new AbortController()
  /** An acquire is under way although a term is held (P1). */
  #isAskingAgain = false
  /** It was told that it holds a term, which had ended by then: of that it hears later. */
  #isUnheardOf = false
  /** In which macrotask an acquire was last answered. */
  #answeredIn = -1
  #acquires = 0
  #releases = 0
  #releasesUnderWay = 0
  #releasedAtTick = Number.NEGATIVE_INFINITY
  #hasEnded = false

  constructor(world: World, life: Life, plan: InstancePlan, connection: Connection, index: number) {
    this.#world = world
    this.#life = life
    this.#plan = plan
    this.#connection = connection
    this.#name = `${life.process.name}#${index}`
    this.#handle = this.#makeHandle()
    this.#lease = new SimulatedLease(this.#handle)
    this.#lease.onLost((_, lost) => this.#hearOfLoss(lost))
  }

  get hasEnded(): boolean {
    return this.#hasEnded
  }

  /** As long as its process lives. */
  async run(): Promise<void> {
    const { process } = this.#life
    while (!this.#ending.signal.aborted) {
      if (this.#world.time.now >= this.#idleUntil) {
        beginUse(this.#life)
        this.#enough = new AbortController()
        await this.#use(this.#enough.signal)
        endUse(this.#life, this.#world.time.now)
      }
      if (this.#life.isOneShot) {
        break
      }
      this.#rest = new AbortController()
      if (!this.#ending.signal.aborted) {
        await process.sleep(this.#plan.restMillis, this.#rest.signal)
      }
    }
    this.#hasEnded = true
  }

  /** Gives up whatever it does, and does nothing for a while. */
  idle(until: number): void {
    this.#idleUntil = until
    this.#enough.abort()
  }

  /** Wants the lease at once, if it does not have it. */
  nudge(): void {
    this.#rest.abort()
  }

  end(): void {
    this.#ending.abort()
    this.#enough.abort()
    this.#rest.abort()
  }

  /** From wanting the lease to the end of what came of it. */
  async #use(enough: AbortSignal): Promise<void> {
    if (this.#plan.style === "lead") {
      return this.#lead(enough)
    }
    const token = await this.#acquire(enough)
    if (token !== undefined) {
      return this.#hold(token, enough)
    }
    if (!enough.aborted) {
      this.#world.checkFirstLook(this.#life)
    }
  }

  async #lead(enough: AbortSignal): Promise<void> {
    const work: LeadWork = async ({ signal, token }) => {
      const belief = this.#begin(FencingToken(token))
      const stop = () => {
        if (belief.term.loss !== undefined) {
          this.#world.beliefs.end(belief, this.#life.sender, this.#isSuperseded(belief.term.loss))
        }
        this.#over.abort()
      }
      signal.addEventListener("abort", stop, { once: true })
      if (signal.aborted) {
        stop()
      }
      let isRefused = false
      await this.#workUnder(() => {
        // A signal tells nothing of the time that has passed: what is protected refuses the token, and the work fails.
        isRefused ||= !isBelieved(belief)
        if (isRefused) {
          this.#over.abort()
        } else {
          this.#world.beliefs.hear(belief, false, true)
        }
      }, this.#over.signal)
      signal.removeEventListener("abort", stop)
      belief.isClosed = true
      if (isRefused) {
        belief.heardOfEnd = true
        throw refused
      }
    }
    const refused = new Error("The token is refused")
    try {
      // Of two that lead in one process one waits for the other.
      await lead(this.#makeHandle(false), work, { signal: enough, onError: "stop" })
    } catch (error) {
      if (error === refused) {
        this.#world.findings.report("leads on", `${this.#name} stops leading, for its work has noticed a loss first`)
      } else {
        this.#checkRejection(error, isKubeError)
      }
    }
  }

  async #acquire(enough: AbortSignal): Promise<FencingToken | undefined> {
    const { patienceMillis, givesUpBy, style } = this.#plan
    const answered = new AbortController()
    const impatient = new AbortController()
    const giveUp = (): void => {
      if (!answered.signal.aborted) {
        if (style === "wait" && givesUpBy === "signal") {
          impatient.abort(impatient)
        } else {
          void this.#release()
        }
      }
    }
    enough.addEventListener("abort", giveUp, { once: true })
    void this.#life.process.sleep(style === "wait" ? 10 * patienceMillis : patienceMillis, answered.signal).then(giveUp)
    try {
      return await this.#ask(
        () => {
          switch (style) {
            case "wait":
              return this.#lease.waitUntilAcquired({ signal: impatient.signal }).then(({ token }) => token)
            case "token":
              return this.#lease.acquireWithToken().then((answer) => answer?.token)
            default:
              return this.#lease.acquire().then((isHeld) => isHeld ? this.#newestTerm() ?? overBefore : undefined)
          }
        },
        (error) => error === impatient
      )
    } finally {
      answered.abort()
      enough.removeEventListener("abort", giveUp)
    }
  }

  /** One call that may give a term, whose answer is held against what is known. */
  async #ask(
    call: () => Promise<string | undefined>,
    mayReject: (error: unknown) => boolean
  ): Promise<FencingToken | undefined> {
    const { contention, findings, ledger } = this.#world
    const { process, sender } = this.#life
    const contended = contention.begin(sender, this.#calls)
    this.#calls.add(contended)
    this.#acquires++
    const releases = this.#releases
    const stood = ledger.standing()?.token
    const present = this.#present
    findings.tell(this.#name, () => `asks for the lease (${this.#plan.style})`)
    const finish = (): void => {
      contention.end(contended)
      this.#calls.delete(contended)
      this.#answeredIn = process.macrotasks
    }
    try {
      const token = await call()
      finish()
      findings.tell(this.#name, () => `is given ${token ?? "nothing"}`)
      const isGivenUp = this.#releases > releases
      if (token === overBefore) {
        this.#isUnheardOf = true
        if (this.#life.users === 1 && !process.wasStoppedMidway) {
          findings.report("begins held", `${this.#name} is given a term whose validity has passed`)
        }
        return undefined
      }
      if (token === undefined) {
        if (!contended.isContended && !isGivenUp && findings.broken.size === 0) {
          findings.report("false for a reason", `${this.#name} is told that somebody else holds the lease; nobody does`)
        }
        return undefined
      }
      if (isGivenUp) {
        const ticks = process.ticks - this.#releasedAtTick
        if (ticks > settledTicks) {
          findings.report(
            "given up",
            `${this.#name} is given ${token}, but had called release() ${ticks} microtasks before`
          )
        }
        return undefined
      }
      if (token === present?.token && stood !== token && findings.broken.size === 0) {
        findings.report("asks the server", `${this.#name} is told that ${token} stands, which it does not`)
      }
      return FencingToken(token)
    } catch (error) {
      finish()
      this.#checkRejection(
        error,
        (error) => isKubeError(error) || mayReject(error) || (this.#releases > releases && isAbort(error))
      )
      return undefined
    }
  }

  async #hold(token: FencingToken, enough: AbortSignal): Promise<void> {
    const belief = this.#begin(token)
    const stop = (): void => {
      this.#over.abort()
      if (this.#isAskingAgain) {
        void this.#release()
      }
    }
    enough.addEventListener("abort", stop, { once: true })
    if (enough.aborted) {
      stop()
    }
    await this.#workUnder(() => {
      const present = this.#present ?? belief
      const wasOver = !isBelieved(present)
      this.#world.beliefs.hear(present, wasOver, this.#isAlive())
    }, this.#over.signal)
    enough.removeEventListener("abort", stop)
    if (this.#present?.isLost !== true) {
      await this.#release(this.#plan.leaves === "handOver" ? this.#world.successorOf(this.#life) : undefined)
    }
  }

  #begin(token: FencingToken): Belief {
    const { beliefs, findings } = this.#world
    const former = this.#present
    if (former?.token === token) {
      findings.report("told once", `${this.#name} is given the term ${token} twice`)
    }
    // Work that has noticed the loss first does not listen any more.
    if (former !== undefined && former.term.loss !== undefined && !former.isLost && !former.isClosed) {
      findings.report("told once", `${this.#name} is given ${token} before it is told of the loss of ${former.token}`)
    }
    const belief = beliefIn(this.#life.process, token, this.#world.lossMillis(this.#life.settings.ttl))
    this.#present = belief
    this.#over = new AbortController()
    beliefs.begin(belief, this.#life.sender, this.#life.users > 1)
    return belief
  }

  /** `work` needs the lease. */
  async #workUnder(work: () => void, over: AbortSignal): Promise<void> {
    const { againMillis, holdMillis, verifyMillis, workMillis } = this.#plan
    const { process } = this.#life
    await Promise.all([
      every(process, workMillis, over, work),
      every(process, verifyMillis, over, () => this.#verify()),
      every(
        process,
        this.#plan.style === "lead" ? Number.POSITIVE_INFINITY : againMillis,
        over,
        () => this.#askAgain()
      ),
      process.sleep(holdMillis, over).then(() => this.#over.abort())
    ])
  }

  /** All that tell of it agree. */
  #isAlive(): boolean {
    const isAlive = this.#lease.checkAlive()
    if (this.#lease.signal.aborted === isAlive || (this.#lease.remainingMs() > 0) !== isAlive) {
      this.#world.findings.report("by the clocks", `${this.#name}: checkAlive() is ${isAlive}, but not the signal`)
    }
    return isAlive
  }

  async #verify(): Promise<void> {
    if (this.#plan.style === "lead") {
      return
    }
    const { findings, ledger } = this.#world
    const token = this.#present?.token
    const stood = ledger.standing()?.token
    try {
      const stands = await this.#lease.verify()
      if (stands && stood !== token && findings.broken.size === 0) {
        findings.report("asks the server", `${this.#name} verifies ${token}, which does not stand`)
      }
    } catch (error) {
      this.#checkRejection(error, isKubeError)
    }
  }

  /** P1. */
  async #askAgain(): Promise<void> {
    this.#isAskingAgain = true
    const token = await this.#ask(
      async () => (await this.#lease.acquireWithToken())?.token,
      () => false
    )
    this.#isAskingAgain = false
    const present = this.#present
    if (token !== undefined && token !== present?.token) {
      const over = this.#over
      this.#begin(token)
      this.#over = over
    } else if (present?.isLost === true) {
      this.#over.abort()
    }
  }

  /** What is held is given back, and an acquire that is under way is given up. */
  async #release(to?: string): Promise<void> {
    const { findings, ledger, time } = this.#world
    const { process } = this.#life
    const belief = this.#present
    const wasHeld = belief !== undefined && isBelieved(belief)
    const isIdle = !wasHeld && this.#calls.size === 0 && this.#releasesUnderWay === 0
    const acquires = this.#acquires
    this.#releases++
    this.#releasesUnderWay++
    this.#releasedAtTick = process.ticks
    findings.tell(this.#name, () => `calls release(${to ?? ""})`)
    const startedAt = time.now
    const released = this.#lease.release(to === undefined ? {} : { to })
    this.#checkNothingHeld("right after")
    if (belief !== undefined && belief.term.loss === undefined) {
      belief.isClosed = true
    }
    try {
      await released
      if (
        wasHeld && belief.term.loss === undefined && ledger.standing()?.token === belief.token &&
        findings.broken.size === 0
      ) {
        findings.report("given back", `${this.#name} has released ${belief.token}, but it stands`)
      }
    } catch (error) {
      this.#checkRejection(error, isKubeError)
      if (isIdle) {
        findings.report("given back", `${this.#name} has nothing to release, but is told: ${String(error)}`)
      }
    }
    this.#releasesUnderWay--
    findings.tell(this.#name, () => `release() is over`)
    if (this.#acquires === acquires) {
      this.#checkNothingHeld("at the end of")
    }
    this.#checkReleaseTime(startedAt)
  }

  #checkNothingHeld(when: string): void {
    if (this.#lease.checkAlive() || !this.#lease.signal.aborted) {
      this.#world.findings.report("final", `${this.#name} holds ${when} its release()`)
    }
  }

  /** X4, unless its process stood still meanwhile. */
  #checkReleaseTime(startedAt: number): void {
    const { process, settings: { releaseTimeout, requestTimeout } } = this.#life
    const millis = this.#world.time.now - startedAt
    if (process.resumedAt < startedAt && millis > 1.1 * (releaseTimeout + requestTimeout) + releaseSlackMillis) {
      this.#world.findings.report("release in time", `${this.#name}: release() has taken ${millis.toFixed(0)} ms`)
    }
  }

  #hearOfLoss(lost: LeaseLost): void {
    const { beliefs, findings } = this.#world
    const { process, sender } = this.#life
    const belief = this.#present
    if (belief?.token !== lost.token && this.#isUnheardOf) {
      this.#isUnheardOf = false
      return
    }
    if (belief?.token !== lost.token || belief.isLost || belief.isClosed) {
      findings.report(
        "told once",
        `${this.#name} is told of the loss of ${lost.token}${
          belief?.token !== lost.token
            ? ", which it does not have"
            : belief.isLost
            ? " twice"
            : ", which it has released"
        }`
      )
      return
    }
    if (this.#answeredIn === process.macrotasks) {
      findings.report("told once", `${this.#name} is told of the loss of ${lost.token} as an acquire is answered`)
    }
    beliefs.end(belief, sender, this.#isSuperseded(lost))
    if (!this.#isAskingAgain) {
      this.#over.abort()
    }
  }

  /**
   * By another instance of this process, which may not have written anything yet (P5). It does not learn that its name is
   * also another process's: by its own account it has been superseded.
   */
  #isSuperseded({ reason }: { readonly reason: { readonly _tag: string; readonly by?: string } }): boolean {
    const { sender, users } = this.#life
    return users > 1 && reason._tag === "TakenOver" && reason.by === sender.owner
  }

  #checkRejection(error: unknown, isExpected: (error: unknown) => boolean): void {
    const { findings } = this.#world
    findings.tell(this.#name, () => `fails: ${error instanceof Error ? error.message : String(error)}`)
    if (!isExpected(error)) {
      findings.report("no defect", `${this.#name} fails with ${error instanceof Error ? error.stack : String(error)}`)
    }
  }

  /** Of this instance: another one of its process may hold by now. */
  #newestTerm(): string | undefined {
    return this.#lease.checkAlive() ? validTermsOf(this.#life.process).at(-1) : undefined
  }

  #makeHandle(supersedes = true): LeaseHandle {
    const { acquireWaitMillis } = this.#plan
    return handleIn(this.#world.findings, this.#life, this.#connection, {
      name: this.#name,
      acquireWaitMillis,
      supersedes
    })
  }
}

/** Instead of a token: `acquire()` does not tell it, and nothing is held any more. */
const overBefore = "over before"

/** Timers and answers on their way. */
const releaseSlackMillis = 100

const isAbort = (error: unknown): boolean => error instanceof Error && error.name === "AbortError"

const every = async (
  process: Life["process"],
  millis: number,
  over: AbortSignal,
  act: () => Promise<void> | void
): Promise<void> => {
  for (;;) {
    await process.sleep(millis, over)
    if (over.aborted) {
      return
    }
    await act()
  }
}
