import { constVoid } from "effect/Function"
import type * as Http from "node:http"
import type { Socket } from "node:net"

/** What a connection is for. A watch keeps its own for minutes, so watches never take those of requests. */
export type Use = "requests" | "watches"

/** One request with the connection that it has or will get. */
export interface Place {
  readonly agent: Http.Agent
  /** Whether this connection, just given to the request, may have carried an answer before. */
  readonly isKept: (socket: Socket) => boolean
  /** An answer has begun: the connections of this age live. */
  readonly answered: () => void
  /** The connection has broken: what is idle at this age may be as dead (C4). */
  readonly broken: () => void
  /** Nobody waits for the answer any more, or for the rest of it: this connection may be dead, and what is idle too (C4). */
  readonly givenUp: () => void
  /** The connection is free again or closed. May be called more than once. */
  readonly leave: () => void
}

/** Many leases at once queue for these; a handshake each would take longer than their turn. */
const mostRequests = 16

const agentOptions: Http.AgentOptions = {
  keepAlive: true,
  // TCP probes notice a peer that is gone while a watch is silent.
  keepAliveMsecs: 15_000,
  scheduling: "lifo"
}

/**
 * Kept-alive connections that no other traffic shares (C4). They come in generations: once a connection of the youngest
 * has broken or left a request without an answer, a new one begins, the idle connections of the old one are closed, and
 * whoever queues for a connection goes on with a new one. What befalls older generations says nothing about the youngest.
 *
 * The queue is its own, for a request that waits in that of an agent cannot go elsewhere.
 */
export class ConnectionPool {
  readonly #makeAgent: (options: Http.AgentOptions) => Http.Agent
  readonly #onOver: (pool: ConnectionPool) => void
  readonly #old = new Set<Generation>()
  readonly #queue = new Set<Waiting>()
  #youngest: Generation
  #isRetired = false
  #isDestroyed = false

  constructor(
    makeAgent: (options: Http.AgentOptions) => Http.Agent,
    onOver: (pool: ConnectionPool) => void = constVoid
  ) {
    this.#makeAgent = makeAgent
    this.#onOver = onOver
    this.#youngest = this.#nextGeneration()
  }

  /**
   * Begins at once or when there is room. What it gives takes a request out of the queue again that has not begun: it has
   * waited in vain for connections of the age that was the youngest when it came.
   */
  enter(use: Use, begin: (place: Place) => void): () => void {
    if (use === "watches" || (this.#queue.size === 0 && this.#hasRoom)) {
      begin(this.#place(use, false))
      return constVoid
    }
    const waiting: Waiting = { begin, since: this.#youngest }
    this.#queue.add(waiting)
    return () => {
      if (this.#queue.delete(waiting)) {
        this.#distrust(waiting.since)
      }
    }
  }

  /** What comes next goes over new connections. */
  renew(): void {
    this.#distrust(this.#youngest)
  }

  /** Closes the connections that no request uses. */
  closeIdle(): void {
    this.#generations.forEach((generation) => generation.closeIdle())
  }

  /** What is under way runs out, and nothing is kept any more. */
  retire(): void {
    this.#isRetired = true
    this.#youngest.keepNothing()
    this.#endIfOver()
  }

  /** Breaks what is under way. */
  destroy(): void {
    this.#isDestroyed = true
    this.#generations.forEach((generation) => generation.destroy())
  }

  get isDestroyed(): boolean {
    return this.#isDestroyed
  }

  get #generations(): ReadonlyArray<Generation> {
    return [...this.#old, this.#youngest]
  }

  get #hasRoom(): boolean {
    return this.#youngest.openRequests < mostRequests
  }

  #nextGeneration(): Generation {
    const generation = new Generation(this.#makeAgent)
    if (this.#isRetired) {
      generation.keepNothing()
    }
    return generation
  }

  #place(use: Use, hasQueued: boolean): Place {
    const generation = this.#youngest
    generation.open[use] += 1
    let hasLeft = false
    return {
      agent: generation[use],
      isKept: (socket) => generation.hasAnswered && !socket.connecting,
      answered: () => {
        generation.hasAnswered = true
      },
      broken: () => this.#distrust(generation),
      givenUp: () => {
        // Watches are given up for other reasons; and whoever has queued has not given its connection much time.
        if (use === "requests" && !hasQueued) {
          this.#distrust(generation)
        }
      },
      leave: () => {
        if (!hasLeft) {
          hasLeft = true
          generation.open[use] -= 1
          this.#left(generation)
        }
      }
    }
  }

  #distrust(generation: Generation): void {
    // Without an answer none has become idle, and newer ones would fare no better.
    if (generation !== this.#youngest || !generation.hasAnswered) {
      return
    }
    this.#youngest = this.#nextGeneration()
    generation.keepNothing()
    if (generation.isInUse) {
      this.#old.add(generation)
    }
    if (this.#queue.size > 0) {
      // Not at once: whoever gave up a request may be about to give up those behind it as well.
      setImmediate(() => this.#admit())
    }
  }

  #left(generation: Generation): void {
    if (generation === this.#youngest) {
      // By then the agent has the connection back.
      queueMicrotask(() => this.#admit())
    } else if (!generation.isInUse) {
      this.#old.delete(generation)
    }
    this.#endIfOver()
  }

  #admit(): void {
    for (const waiting of this.#queue) {
      if (!this.#hasRoom) {
        return
      }
      this.#queue.delete(waiting)
      waiting.begin(this.#place("requests", true))
    }
  }

  #endIfOver(): void {
    if (this.#isRetired && this.#queue.size === 0 && this.#generations.every(({ isInUse }) => !isInUse)) {
      this.#onOver(this)
    }
  }
}

interface Waiting {
  readonly begin: (place: Place) => void
  /** The youngest generation at that time. */
  readonly since: Generation
}

/** Connections of about the same age: what befalls one of them may have befallen all. */
class Generation {
  readonly requests: Http.Agent
  readonly watches: Http.Agent
  readonly open = { requests: 0, watches: 0 }
  hasAnswered = false

  constructor(makeAgent: (options: Http.AgentOptions) => Http.Agent) {
    this.requests = makeAgent(agentOptions)
    // A watch that ended is followed by another one minutes later, if at all: a kept connection could be dead by then.
    this.watches = makeAgent({ ...agentOptions, maxFreeSockets: 0 })
  }

  get openRequests(): number {
    return this.open.requests
  }

  get isInUse(): boolean {
    return this.open.requests + this.open.watches > 0
  }

  keepNothing(): void {
    this.requests.maxFreeSockets = 0
    this.closeIdle()
  }

  closeIdle(): void {
    for (const sockets of Object.values(this.requests.freeSockets)) {
      sockets?.forEach((socket) => socket.destroy())
    }
  }

  destroy(): void {
    this.requests.destroy()
    this.watches.destroy()
  }
}
