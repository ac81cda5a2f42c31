import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/TestClock"
import { assert } from "vitest"
import * as KubeApiMemory from "../../src/KubeApiMemory.js"
import { isKubeError } from "../../src/KubeError.js"
import { LeaseService } from "../../src/LeaseService.js"
import * as LeaseServiceModule from "../../src/LeaseService.js"
import * as Fault from "../../src/testing/Fault.js"
import { Faults } from "../../src/testing/Faults.js"
import { acquired, mine, OneService, record, ref, tryAcquire, yours } from "../support/leases.js"

describe("LeaseService", () => {
  it.scoped("acquires, renews for as long as it holds, and removes the record when it releases", () =>
    Effect.gen(function*() {
      const held = yield* acquired(mine)
      assert.strictEqual((yield* record).spec?.holderIdentity, "me")
      for (let minute = 0; minute < 3; minute++) {
        yield* TestClock.adjust("1 minute")
        assert.isTrue(yield* held.isHeld)
      }
      yield* held.release
      assert.isFalse(yield* held.isHeld)
      const server = yield* KubeApiMemory.MemoryServer
      assert.strictEqual((yield* Effect.flip(server.get(ref)))._tag, "NotFound")
    }).pipe(Effect.provide(OneService)))

  it.scoped("contention is a value, not an error", () =>
    Effect.gen(function*() {
      yield* acquired(mine)
      assert.isTrue(Option.isNone(yield* tryAcquire(yours)))
    }).pipe(Effect.provide(OneService)))

  it.scoped("a released lease is free at once, with a larger token", () =>
    Effect.gen(function*() {
      const first = yield* acquired(mine)
      yield* first.release
      const second = yield* acquired(yours)
      assert.isTrue(BigInt(second.token) > BigInt(first.token))
      assert.strictEqual(second.owner, "you")
    }).pipe(Effect.provide(OneService)))

  it.scoped("closing the scope of a term releases it", () =>
    Effect.gen(function*() {
      const held = yield* Effect.scoped(acquired(mine))
      assert.isFalse(yield* held.isHeld)
      yield* acquired(yours)
    }).pipe(Effect.provide(OneService)))

  it.scoped("F42 closing the service releases its terms, within a bound even when the server is gone", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const service = yield* Layer.buildWithScope(Layer.fresh(LeaseServiceModule.layer), scope)
      const held = Option.getOrThrow(
        yield* Effect.provide(Effect.flatMap(LeaseService, (service) => service.tryAcquire(mine)), service)
      )
      yield* (yield* Faults).inject(Fault.hang())
      const closing = yield* Effect.fork(Scope.close(scope, Exit.void))
      yield* TestClock.adjust("4 seconds")
      assert.isTrue(Option.isSome(yield* Fiber.poll(closing)))
      assert.isFalse(yield* held.isHeld)
    }).pipe(Effect.provide(OneService)))

  it.scoped("names who holds a lease", () =>
    Effect.gen(function*() {
      const service = yield* LeaseService
      assert.isTrue(Option.isNone(yield* service.holder(ref)))
      const held = yield* acquired(mine)
      assert.strictEqual(Option.getOrThrow(yield* service.holder(ref)).owner, "me")
      assert.deepEqual((yield* service.held).map(({ token }) => token), [held.token])
      yield* held.release
      assert.isTrue(Option.isNone(yield* service.holder(ref)))
      assert.isEmpty(yield* service.held)
    }).pipe(Effect.provide(OneService)))

  for (
    const [tag, fault] of [
      ["Forbidden", Fault.forbidden()],
      ["Unauthorized", Fault.unauthorized()],
      ["Invalid", Fault.refuse(422)],
      ["Transient", Fault.serviceUnavailable()]
    ] as const
  ) {
    it.scoped(`F23 fails with ${tag} when it cannot tell who holds the lease`, () =>
      Effect.gen(function*() {
        yield* (yield* Faults).inject(fault)
        const attempt = yield* Effect.fork(Effect.flip(tryAcquire(mine)))
        yield* TestClock.adjust("4 seconds")
        const error = yield* Fiber.join(attempt)
        assert.isTrue(isKubeError(error))
        assert.strictEqual(error._tag, tag)
      }).pipe(Effect.provide(OneService)))
  }

  it.scoped("refuses wrong settings before anything is sent", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* Effect.flip(tryAcquire({ ...mine, name: "" })))._tag, "InvalidSettings")
      assert.isEmpty(yield* (yield* Faults).calls)
    }).pipe(Effect.provide(OneService)))

  it.scoped("F21 an outage past the renew deadline loses the term, and the lease can be acquired again", () =>
    Effect.gen(function*() {
      const held = yield* acquired(mine)
      yield* TestClock.adjust("30 seconds")
      assert.isTrue(yield* held.isHeld)
      yield* (yield* Faults).inject(Fault.unsent())
      yield* TestClock.adjust("27 seconds")
      assert.isFalse(yield* held.isHeld)
      const lost = yield* Effect.flip(held.lost)
      assert.strictEqual(lost.reason._tag, "Expired")
      yield* (yield* Faults).clear
      const again = yield* acquired(mine)
      assert.isTrue(yield* again.isHeld)
      assert.isTrue(BigInt(again.token) > BigInt(held.token))
    }).pipe(Effect.provide(OneService)))
})
