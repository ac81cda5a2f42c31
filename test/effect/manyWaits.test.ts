import { describe, it } from "@effect/vitest"
import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as TestClock from "effect/TestClock"
import { assert } from "vitest"
import { KubeApi } from "../../src/KubeApi.js"
import { LeaseService } from "../../src/LeaseService.js"
import * as LeaseServiceModule from "../../src/LeaseService.js"
import * as Fault from "../../src/testing/Fault.js"
import { Faults } from "../../src/testing/Faults.js"
import { acquired, mine, OneService, ref, tryAcquire, yours } from "../support/leases.js"
import { calls, inject, scenario, sentBy, server, settle } from "../support/processes.js"
import { isWaiting, openWatches, patiently, termOf, waiter } from "../support/waiters.js"
import type { Waiter } from "../support/waiters.js"

const nameOf = (i: number) => `lease-${i}`

const refOf = (i: number) => ({ ...ref, name: nameOf(i) })

/** Somebody holds these leases for an hour, and this process waits for each. */
const waitersFor = (count: number) =>
  Effect.gen(function*() {
    const { acquire } = yield* LeaseService
    for (let i = 0; i < count; i++) {
      yield* server((server) =>
        server.create(ref.namespace, {
          apiVersion: "coordination.k8s.io/v1",
          kind: "Lease",
          metadata: { name: nameOf(i) },
          spec: { holderIdentity: "you", leaseDurationSeconds: 3600 }
        })
      )
    }
    const waiting: Array<Waiter> = []
    for (let i = 0; i < count; i++) {
      waiting.push(yield* Effect.forkScoped(acquire({ ...mine, name: nameOf(i) })))
    }
    return waiting
  })

const settledWaitersFor = (count: number) => Effect.zipLeft(waitersFor(count), settle)

const clear = (i: number) => server((server) => server.patch(refOf(i), { spec: { holderIdentity: "" } }))

const clearedIsTaken = (waiting: ReadonlyArray<Waiter>, i: number) =>
  Effect.gen(function*() {
    yield* clear(i)
    yield* settle
    yield* termOf(Arr.unsafeGet(waiting, i))
  })

/** Only the watch of a whole namespace. */
const ofNamespace = Fault.when(({ ref }) => ref.name === "*")

const endWatches = (as: "end" | "Reset") => Effect.flatMap(Faults, ({ cutWatches }) => cutWatches(as))

describe("W1 many leases awaited by one process", patiently, () => {
  for (const as of ["end", "Reset"] as const) {
    it.effect(`W2 a shared watch that breaks is opened anew, and shared again (${as})`, () =>
      scenario(Effect.gen(function*() {
        const waiting = yield* settledWaitersFor(30)
        assert.strictEqual(yield* openWatches, 9)
        for (let time = 0; time < 3; time++) {
          yield* TestClock.adjust("1 minute")
          yield* endWatches(as)
          yield* TestClock.adjust("1 second")
          const open = yield* openWatches
          assert.isTrue(1 <= open && open <= 9, `${open} after ${time + 1} times`)
        }
        yield* clearedIsTaken(waiting, 0)
        yield* clearedIsTaken(waiting, 29)
      })))
  }

  it.effect("W2 a shared watch that the server ends in time goes on without a read", () =>
    scenario(Effect.gen(function*() {
      const waiting = yield* settledWaitersFor(12)
      yield* TestClock.adjust("1 minute")
      const sent = yield* sentBy(Effect.zipRight(server((server) => server.endWatches), settle))
      // Those eight read that watched their own lease, and once more because they share the others' watch from now on.
      assert.strictEqual(sent.filter((operation) => operation === "get").length, 2 * 8)
      assert.strictEqual(yield* openWatches, 1)
      yield* clearedIsTaken(waiting, 11)
    })))

  it.effect("F17 a shared watch that died silently is found out by the first whose time is up", () =>
    scenario(Effect.gen(function*() {
      const waiting = yield* settledWaitersFor(11)
      yield* server((server) => server.patch(refOf(10), { spec: { leaseDurationSeconds: 20 } }))
      yield* settle
      yield* inject(Fault.watchSilent().pipe(ofNamespace))
      yield* clear(9)
      yield* settle
      assert.isTrue(yield* isWaiting(Arr.unsafeGet(waiting, 9)))
      yield* Effect.flatMap(Faults, ({ clear }) => clear)
      yield* TestClock.adjust("21 seconds")
      yield* termOf(Arr.unsafeGet(waiting, 10))
      yield* termOf(Arr.unsafeGet(waiting, 9))
    })))

  it.effect("W1 F40 a shared watch shows what was deleted under its holder", () =>
    scenario(Effect.gen(function*() {
      const waiting = yield* settledWaitersFor(9)
      yield* server((server) => server.patch(refOf(8), { spec: { leaseDurationSeconds: 20 } }))
      yield* server((server) => server.delete(refOf(8)))
      yield* settle
      yield* endWatches("end")
      yield* TestClock.adjust(19_999)
      assert.isTrue(yield* isWaiting(Arr.unsafeGet(waiting, 8)))
      yield* TestClock.adjust(1)
      yield* termOf(Arr.unsafeGet(waiting, 8))
    })))

  it.effect("W1 F40 a shared watch shows what was deleted while nobody waited for it, to the next who tries", () =>
    scenario(Effect.gen(function*() {
      const waiting = yield* settledWaitersFor(10)
      yield* Fiber.interrupt(Arr.unsafeGet(waiting, 8))
      yield* server((server) => server.patch(refOf(8), { spec: { leaseDurationSeconds: 20 } }))
      yield* server((server) => server.delete(refOf(8)))
      yield* settle
      yield* TestClock.adjust(19_999)
      assert.isTrue(Option.isNone(yield* tryAcquire({ ...mine, name: nameOf(8) })))
      yield* TestClock.adjust(1)
      assert.isTrue(Option.isSome(yield* tryAcquire({ ...mine, name: nameOf(8) })))
    })))

  it.effect("W2 where the namespace may not be watched, so many are watched one by one, and the others read", () =>
    scenario(Effect.gen(function*() {
      yield* inject(Fault.forbidden().pipe(Fault.on("watch"), ofNamespace))
      const waiting = yield* settledWaitersFor(100)
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual(yield* openWatches, 64)
      const sent = yield* sentBy(TestClock.adjust("20 seconds"))
      assert.strictEqual(sent.length, 2 * (100 - 64))
      yield* clear(0)
      yield* clear(99)
      yield* TestClock.adjust("10 seconds")
      yield* termOf(Arr.unsafeGet(waiting, 0))
      yield* termOf(Arr.unsafeGet(waiting, 99))
    })))

  it.effect("F24 when nobody waits any more, nothing is watched", () =>
    scenario(Effect.gen(function*() {
      const waiting = yield* settledWaitersFor(30)
      yield* Fiber.interruptAll(waiting)
      yield* settle
      assert.strictEqual(yield* openWatches, 0)
      assert.isTrue((yield* Effect.flatMap(LeaseService, ({ health }) => health)).isHealthy)
      yield* waiter({ ...mine, name: nameOf(3) })
      assert.strictEqual(yield* openWatches, 1)
    })))
})

// Under the live clock, for a `TestClock` looks at every fiber again and again. No time passes.
describe("W1 a thousand waits", { timeout: 60_000 }, () => {
  const Quiet = Layer.merge(OneService, Logger.remove(Logger.defaultLogger))

  const until = <E, R>(condition: Effect.Effect<boolean, E, R>) =>
    Effect.repeat(Effect.zipLeft(condition, Effect.sleep(5)), { until: (holds) => holds })

  it.live("W1 for as many leases of one namespace share watches", () =>
    Effect.gen(function*() {
      const count = 1000
      const waiting = yield* waitersFor(count)
      const reads = Effect.map(calls, (calls) => calls.filter(({ operation }) => operation === "get").length)
      // A read each, and a second one for those who join a watch that another has opened.
      yield* until(Effect.map(reads, (reads) => reads === count + (count - 9)))
      yield* Effect.sleep(100)
      assert.strictEqual(yield* openWatches, 9)
      assert.strictEqual((yield* calls).length, count + (count - 9) + 9)
      for (const i of [0, 7, 8, 9, 500, 999]) {
        yield* clear(i)
        yield* Fiber.join(Arr.unsafeGet(waiting, i))
      }
      assert.isAtMost(yield* openWatches, 9)
    }).pipe(Effect.scoped, Effect.provide(Quiet)))

  it.live("W1 in a hundred processes for one lease: at a release two requests each at most, and then none", () =>
    Effect.gen(function*() {
      // What all of them send is counted; they are a hundred services with one wire.
      const api = yield* KubeApi
      const held = yield* acquired(yours)
      let taken = 0
      const waiting = yield* Effect.forEach(Arr.range(1, 100), (i) =>
        Effect.gen(function*() {
          const context = yield* Layer.build(Layer.provide(LeaseServiceModule.layer, Layer.succeed(KubeApi, api)))
          return yield* Effect.flatMap(LeaseService, ({ acquire }) => acquire({ ...mine, owner: `process-${i}` })).pipe(
            Effect.tap(() => Effect.sync(() => taken += 1)),
            Effect.provide(context),
            Effect.forkScoped
          )
        }))
      yield* until(Effect.map(openWatches, (open) => open === 100))
      const sent = yield* sentBy(Effect.zipRight(held.release, Effect.sleep(500)))
      assert.strictEqual(taken, 1)
      assert.strictEqual(yield* openWatches, 99)
      assert.notInclude(sent, "get")
      assert.notInclude(sent, "watch")
      // Two of these are the release itself.
      assert.isAtMost(sent.length, 2 + 200)
      yield* Fiber.interruptAll(waiting)
    }).pipe(Effect.scoped, Effect.provide(Quiet)))
})
