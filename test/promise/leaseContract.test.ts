import { assert, it } from "vitest"
import type { PromiseLease } from "../../src/internal/promise/face.js"
import type { Twin, TwinSettings } from "../support/twins.js"
import { describeTwins, eventually, fresh, lossesOf, pause, rejection, standStill } from "../support/twins.js"

// Real time: the classes own their runtimes.

const pair = ({ lease }: Twin, overrides: Partial<TwinSettings> = {}) => {
  const settings = fresh()
  return { name: settings.name, a: lease(settings), b: lease({ ...settings, owner: "b", ...overrides }) }
}

const nextLoss = (lease: PromiseLease) =>
  new Promise<void>((resolve) => {
    lease.onLost(() => resolve())
  })

describeTwins("acquire and release", (twin) => {
  it("P1 acquire is true, holds, and holds on", async () => {
    const lease = twin.lease(fresh())
    assert.isFalse(lease.checkAlive())
    assert.strictEqual(lease.remainingMs(), 0)
    assert.isTrue(await lease.acquire())
    assert.isTrue(lease.checkAlive())
    assert.isAbove(lease.remainingMs(), 0)
    assert.isAtMost(lease.remainingMs(), 27_000)
    const held = await lease.acquireWithToken()
    assert.deepStrictEqual(await lease.acquireWithToken(), held)
    await lease.release()
  })

  it("P2 false means that somebody else holds it", async () => {
    const { a, b } = pair(twin)
    await a.acquire()
    assert.isFalse(await b.acquire())
    assert.isNull(await b.acquireWithToken())
    await a.release()
    assert.isTrue(await b.acquire())
    await b.release()
  })

  it("F29 tokens grow from term to term, whoever holds", async () => {
    const { a, b } = pair(twin)
    const tokens: Array<bigint> = []
    for (const lease of [a, b, a]) {
      tokens.push(BigInt((await lease.acquireWithToken())?.token ?? 0))
      await lease.release()
    }
    assert.isTrue((tokens[0] ?? 0n) < (tokens[1] ?? 0n) && (tokens[1] ?? 0n) < (tokens[2] ?? 0n))
  })

  it("F18 release leaves nothing, is no loss, and may be repeated or come for nothing", async () => {
    const { a, name } = pair(twin)
    const losses = lossesOf(a)
    await a.release()
    await a.acquire()
    await Promise.all([a.release(), a.release()])
    await a.release()
    assert.isFalse(a.checkAlive())
    assert.strictEqual(a.remainingMs(), 0)
    assert.isUndefined(await twin.holderOf(name))
    await pause(20)
    assert.isEmpty(losses)
  })

  it("A4 an acquire right after a release, without waiting for it, holds a new term", async () => {
    const { a, name } = pair(twin)
    const first = await a.acquireWithToken()
    const releasing = a.release()
    assert.isFalse(a.checkAlive())
    const second = await a.acquireWithToken()
    await releasing
    assert.isTrue(BigInt(second?.token ?? 0) > BigInt(first?.token ?? 0))
    assert.isTrue(await a.verify())
    assert.strictEqual(await twin.holderOf(name), "a")
    await a.release()
  })

  it("A4 concurrent acquires share one attempt", async () => {
    const { a } = pair(twin)
    const held = await Promise.all([a.acquireWithToken(), a.acquireWithToken(), a.waitUntilAcquired()])
    assert.lengthOf(new Set(held.map((each) => each?.token)), 1)
    await a.release()
  })

  it("P3 a release during an acquire gives back what lands, and the acquire rejects", async () => {
    const { a, name } = pair(twin)
    const acquiring = rejection(a.acquire())
    await a.release()
    assert.propertyVal(await acquiring, "name", "AbortError")
    assert.isFalse(a.checkAlive())
    assert.oneOf(await twin.holderOf(name), [undefined, ""])
    assert.isTrue(await a.acquire())
    await a.release()
  })

  it("F24 disposal between renewals releases for good", async () => {
    const { name, ...settings } = fresh({ renewalIntervalMs: 5 })
    let losses: ReadonlyArray<unknown> = []
    {
      await using lease = twin.lease({ ...settings, name })
      losses = lossesOf(lease)
      await lease.acquire()
      await pause(60)
      assert.isTrue(await lease.verify())
    }
    assert.isUndefined(await twin.holderOf(name))
    await pause(60)
    assert.isUndefined(await twin.holderOf(name))
    assert.isEmpty(losses)
  })
})

describeTwins("verify, signal and onLost", (twin) => {
  it("R8 verify asks the server", async () => {
    const { a, name } = pair(twin)
    assert.isFalse(await a.verify())
    await a.acquire()
    assert.isTrue(await a.verify())
    await twin.takeOver(name, "somebody")
    assert.isTrue(a.checkAlive())
    assert.isFalse(await a.verify())
    assert.isFalse(a.checkAlive())
  })

  it("the signal is aborted whenever nothing is held; after a loss, with the loss for its reason", async () => {
    const { a, name } = pair(twin)
    assert.isTrue(a.signal.aborted)
    await a.acquire()
    const { signal } = a
    assert.isFalse(signal.aborted)
    await a.release()
    assert.isTrue(signal.aborted)
    assert.propertyVal(signal.reason, "name", "AbortError")
    await a.acquire()
    const second = a.signal
    assert.isFalse(second.aborted)
    const lost = nextLoss(a)
    await twin.takeOver(name, "somebody")
    await a.verify()
    await lost
    assert.propertyVal(second.reason, "_tag", "LeaseLost")
    assert.isTrue(a.signal.aborted)
  })

  it("P4 a loss is told before the next acquire answers, and by it alone who holds", async () => {
    const { a, name } = pair(twin)
    const order: Array<unknown> = []
    a.onLost((_, { reason }) => void order.push(reason))
    await a.acquire()
    await twin.takeOver(name, "somebody")
    order.push(await a.acquire())
    assert.deepStrictEqual(order, [{ _tag: "TakenOver", by: "somebody" }, false])
  })

  it("F19 each handler hears of a loss once, on its own, and may unsubscribe within another", async () => {
    const { a, name } = pair(twin)
    const heard: Array<string> = []
    a.onLost(() => void heard.push("before"))()
    a.onLost(() => {
      heard.push("throwing")
      unsubscribe()
      throw new Error("handler")
    })
    const unsubscribe = a.onLost(() => void heard.push("unsubscribed"))
    a.onLost(() => void heard.push("last"))
    await a.acquire()
    const lost = nextLoss(a)
    await twin.takeOver(name, "somebody")
    await a.verify()
    await lost
    await a.verify()
    await pause(20)
    assert.deepStrictEqual(heard, ["throwing", "last"])
  })

  it("F19 F83 whatever a handler does, every one that is left is told exactly once, and each failure is logged", async () => {
    const failures: Array<unknown> = []
    const settings = fresh({
      logger: (level, message, { error }) => {
        if (message === "An onLost handler failed") {
          assert.strictEqual(level, "error")
          failures.push(error)
          throw new Error("a logger of the user's that throws")
        }
      }
    })
    const lease = twin.lease(settings)
    const heard: Array<string> = []
    const hear = (name: string, end: () => unknown = () => undefined) => () => {
      heard.push(name)
      return end() as void
    }
    const same = hear("twice")
    const thrown = [new Error("thrown"), "a string", undefined, { some: "object" }]
    const unsubscribe = [same, same].map((handler) => lease.onLost(handler))
    thrown.forEach((error) =>
      lease.onLost(hear("throws", () => {
        throw error
      }))
    )
    const rejected = new Error("rejected")
    /** Not a promise, but with the `then` of one. */
    const thenable = (promise: Promise<unknown>) =>
      new Proxy(promise, { get: (target, key) => key === "then" ? target.then.bind(target) : undefined })
    const badThenable = new Proxy({}, {
      get: () => {
        throw new Error("getter")
      }
    })
    lease.onLost(hear("rejects", () => Promise.reject(rejected)))
    lease.onLost(hear("thenable", () => thenable(Promise.reject("thenable"))))
    lease.onLost(hear("bad thenable", () => badThenable))
    lease.onLost(hear("hangs", () => new Promise(() => undefined)))
    lease.onLost(hear("unsubscribes itself and those before and after", () => unsubscribeAll()))
    const last = lease.onLost(hear("unsubscribed in time"))
    lease.onLost(hear("registers", () => lease.onLost(hear("too late"))))
    lease.onLost(hear("last"))
    const unsubscribeAll = () => [...unsubscribe, last].forEach((stop) => stop())
    await lease.acquire()
    const lost = nextLoss(lease)
    await twin.takeOver(settings.name, "somebody")
    await lease.verify()
    await lost
    await pause(20)
    assert.deepStrictEqual(heard, [
      "twice",
      "twice",
      ...thrown.map(() => "throws"),
      "rejects",
      "thenable",
      "bad thenable",
      "hangs",
      "unsubscribes itself and those before and after",
      "registers",
      "last"
    ])
    assert.sameMembers(failures.filter((error) => !String(error).includes("getter")), [...thrown, rejected, "thenable"])
    assert.lengthOf(failures, thrown.length + 3)
  })

  it("F19 a handler may release, which does nothing any more", async () => {
    const { a, name } = pair(twin)
    const released = new Promise<void>((resolve, reject) => {
      a.onLost(() => a.release().then(resolve, reject))
    })
    await a.acquire()
    await twin.takeOver(name, "somebody")
    await a.verify()
    await released
    assert.strictEqual(await twin.holderOf(name), "somebody")
  })

  it("F19 a handler may acquire", async () => {
    const { a, name } = pair(twin)
    const again = new Promise<boolean>((resolve, reject) => {
      a.onLost(() => a.acquire().then(resolve, reject))
    })
    await a.acquire()
    await twin.takeOver(name, "")
    await a.verify()
    assert.isTrue(await again)
    assert.isTrue(a.checkAlive())
    await a.release()
  })
})

describeTwins("waiting", (twin) => {
  it.each(["acquire", "waitUntilAcquired"] as const)(
    "P4 T5 F77 a process that stands still as its %s is answered is not told of the term that has run out",
    async (call) => {
      let beginnings = 0
      const lease = twin.lease({
        ...fresh({ ttlMs: 1500 }),
        logger: (_, message) => {
          if (message === "Acquired" && ++beginnings === 1) {
            standStill(1500)
          }
        }
      })
      const losses = lossesOf(lease)
      await lease[call]()
      assert.isTrue(lease.checkAlive())
      assert.strictEqual(beginnings, 2)
      await pause(50)
      assert.isEmpty(losses)
      await lease.release()
    }
  )

  it("P4 a waiter hears of a loss once its wait has resolved, however soon that comes", async () => {
    const { a, b, name } = pair(twin, { renewalIntervalMs: 50 })
    const order: Array<string> = []
    b.onLost(() => void order.push("lost"))
    await a.acquire()
    const waiting = b.waitUntilAcquired().then(() => void order.push("resolved"))
    await pause(20)
    await a.release()
    await eventually(() => b.checkAlive())
    await twin.takeOver(name, "somebody")
    await b.verify()
    await waiting
    await eventually(() => order.length === 2)
    assert.deepStrictEqual(order, ["resolved", "lost"])
  })

  it("W1 waitUntilAcquired has the lease once it is released", async () => {
    const { a, b } = pair(twin)
    const { token } = await a.waitUntilAcquired()
    const waiting = b.waitUntilAcquired()
    await pause(50)
    assert.isFalse(b.checkAlive())
    await a.release()
    assert.isTrue(BigInt((await waiting).token) > BigInt(token))
    assert.isTrue(b.checkAlive())
    await b.release()
  })

  it("W1 waitUntilAcquired rejects with the reason of its signal, and holds nothing later", async () => {
    const { a, b, name } = pair(twin)
    await a.acquire()
    assert.strictEqual(await rejection(b.waitUntilAcquired({ signal: AbortSignal.abort("at once") })), "at once")
    const stop = new AbortController()
    const waiting = rejection(b.waitUntilAcquired({ signal: stop.signal }))
    await pause(20)
    stop.abort("later")
    assert.strictEqual(await waiting, "later")
    await a.release()
    await pause(50)
    assert.isFalse(b.checkAlive())
    assert.isUndefined(await twin.holderOf(name))
  })

  it("P2 acquireWaitMs: false once the time is up, and not before", async () => {
    const { a, b } = pair(twin, { acquireWaitMs: 100 })
    await a.acquire()
    const startedAt = performance.now()
    assert.isFalse(await b.acquire())
    // A timer may fire a millisecond early.
    assert.isAtLeast(performance.now() - startedAt, 98)
    await a.release()
  })

  it("W1 acquireWaitMs: true if it is released in time", async () => {
    const { a, b } = pair(twin, { acquireWaitMs: 25_000 })
    await a.acquire()
    const acquiring = b.acquire()
    await pause(20)
    await a.release()
    assert.isTrue(await acquiring)
    await b.release()
  })

  it("P3 release ends an acquire that waits", async () => {
    const { a, b } = pair(twin, { acquireWaitMs: 25_000 })
    await a.acquire()
    const acquiring = rejection(b.acquire())
    await pause(20)
    await b.release()
    assert.propertyVal(await acquiring, "name", "AbortError")
    await a.release()
  })

  it("X5 release({ to }) leaves it to one successor alone", async () => {
    const { a, b, name } = pair(twin)
    const c = twin.lease(fresh({ name, owner: "c" }))
    await a.acquire()
    await a.release({ to: "b", handOverMs: 20_000 })
    assert.isFalse(a.checkAlive())
    assert.isFalse(await c.acquire())
    assert.isFalse(await a.acquire())
    assert.isTrue(await b.acquire())
    await b.release()
  })

  it("X5 release({ to }) in vain leaves the term as it is", async () => {
    const { a, name } = pair(twin)
    await a.acquire()
    const error = await rejection(a.release({ to: "" }))
    assert.propertyVal(error, "_tag", "InvalidSettings")
    assert.propertyVal(await rejection(a.release({ to: "b", handOverMs: -1 })), "_tag", "InvalidSettings")
    assert.isTrue(a.checkAlive())
    assert.isTrue(await a.verify())
    await a.release()
    await eventually(async () => await twin.holderOf(name) === undefined)
  })
})
