import { describe } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import { assert } from "vitest"
import { MemoryServer } from "../../src/KubeApiMemory.js"
import { LeaseService } from "../../src/LeaseService.js"
import * as LeaseServiceModule from "../../src/LeaseService.js"
import { LostReason } from "../../src/LeaseTerm.js"
import * as Fault from "../../src/testing/Fault.js"
import type { TestServices } from "../support/holding.js"
import {
  advanceTo,
  answer,
  cleared,
  clearFaults,
  edit,
  forkRelease,
  holding,
  isDone,
  operations,
  reasonOf,
  recreate,
  remove,
  scenario,
  sentAfter,
  stored,
  takenBy,
  timeline,
  watchLoss
} from "../support/holding.js"
import { acquired, mine, record, ref, yours } from "../support/leases.js"
import { countLogged } from "../support/logs.js"
import { anotherProcess, calls, inject, sentBy } from "../support/processes.js"
import { termOf, waiter } from "../support/waiters.js"

describe.concurrent("release", () => {
  scenario(
    "X1 local first: nothing is held while the server has not answered, and lost says nothing ever",
    Effect.gen(function*() {
      const { held, loss } = yield* holding
      yield* inject(Fault.hang())
      yield* advanceTo(1)
      const releasing = yield* forkRelease(held)
      assert.isFalse(yield* isDone(releasing))
      assert.isFalse(yield* held.isHeld)
      assert.strictEqual(Duration.toMillis(yield* held.remaining), 0)
      assert.deepNestedPropertyVal(yield* Effect.flip(held.ensureHeld), "reason", LostReason.Released())
      assert.isEmpty(yield* Effect.flatMap(LeaseService, ({ held }) => held))
      yield* advanceTo(60)
      assert.isTrue(yield* isDone(releasing))
      assert.isUndefined(yield* loss)
    })
  )

  scenario(
    "X1 no renewal once the release has begun",
    Effect.gen(function*() {
      const { held } = yield* holding
      yield* inject(Fault.delay("1500 millis"))
      yield* advanceTo(9.5)
      yield* forkRelease(held)
      yield* advanceTo(60)
      assert.deepStrictEqual(yield* timeline(1), [["patch", 9500], ["delete", 11_050]])
    })
  )

  scenario(
    "F4 X1 a renewal in flight is awaited: the clear is meant for the version that it has made",
    Effect.gen(function*() {
      const { held, loss } = yield* holding
      yield* inject(Fault.delayAnswer("2 seconds").pipe(Fault.on("patch"), Fault.times(1)))
      yield* advanceTo(10.5)
      const releasing = yield* forkRelease(held)
      assert.isFalse(yield* held.isHeld)
      yield* advanceTo(11.999)
      assert.isFalse(yield* isDone(releasing))
      yield* advanceTo(12)
      assert.isTrue(yield* isDone(releasing))
      assert.deepStrictEqual(yield* timeline(10), [["patch", 10_000], ["patch", 12_000], ["delete", 12_000]])
      assert.isUndefined(yield* stored)
      assert.isUndefined(yield* loss)
    })
  )

  for (
    const [title, fault, sent] of [
      ["landed", Fault.hang({ applied: true }), ["get", "patch", "delete"]],
      ["did not land", Fault.hang(), ["get", "patch", "delete"]]
    ] as const
  ) {
    scenario(
      `F69 X1 a renewal that hangs is given up after half of releaseTimeout, and a read tells what to clear: it ${title}`,
      Effect.gen(function*() {
        const { held, loss } = yield* holding
        yield* inject(fault.pipe(Fault.on("patch"), Fault.times(1)))
        yield* advanceTo(10.5)
        const releasing = yield* forkRelease(held)
        yield* advanceTo(12.499)
        assert.deepStrictEqual(yield* operations(10), ["patch"])
        yield* advanceTo(12.55)
        assert.isTrue(Either.isRight(yield* Fiber.join(releasing)))
        assert.deepStrictEqual(yield* operations(10), ["patch", ...sent])
        assert.isUndefined(yield* stored)
        assert.isUndefined(yield* loss)
      })
    )

    scenario(
      `F4 X1 a renewal in flight that is never answered is awaited until it is given up: it ${title}`,
      Effect.gen(function*() {
        const held = yield* acquired({ ...mine, requestTimeout: "2 seconds" })
        yield* inject(fault.pipe(Fault.on("patch"), Fault.times(1)))
        yield* advanceTo(10.5)
        yield* forkRelease(held)
        yield* advanceTo(11.999)
        assert.deepStrictEqual(yield* operations(10), ["patch"])
        yield* advanceTo(13)
        assert.isUndefined(yield* stored)
      })
    )
  }

  scenario(
    "X2 F5 in mode clear the record stays, without a holder, for a second, with its transitions and labels",
    Effect.gen(function*() {
      const server = yield* MemoryServer
      yield* server.create(ref.namespace, {
        apiVersion: "coordination.k8s.io/v1",
        kind: "Lease",
        metadata: { name: ref.name, labels: { team: "a" } },
        spec: { holderIdentity: "", leaseTransitions: 4 }
      })
      const held = yield* acquired({ ...mine, releaseMode: "clear" })
      yield* advanceTo(12)
      yield* held.release
      assert.deepStrictEqual((yield* stored)?.spec, {
        holderIdentity: "",
        leaseDurationSeconds: 1,
        acquireTime: "1970-01-01T00:00:12.000000Z",
        renewTime: "1970-01-01T00:00:12.000000Z",
        leaseTransitions: 5
      })
      assert.deepInclude(Object((yield* stored)?.metadata), { labels: { team: "a" } })
      assert.deepStrictEqual(yield* operations(12), ["patch"])
    })
  )

  scenario(
    "X2 F26 in mode delete the record is cleared first, and then exactly the cleared version is deleted",
    Effect.gen(function*() {
      const { held } = yield* holding
      const { metadata: { uid } } = yield* record
      yield* inject(Fault.delay("1 second").pipe(Fault.on("delete")))
      yield* advanceTo(1)
      const releasing = yield* forkRelease(held)
      const { metadata: { resourceVersion }, spec } = yield* record
      assert.strictEqual(spec?.holderIdentity, "")
      const [clear, deletion] = (yield* calls).slice(-2)
      assert.deepStrictEqual(clear?.body, {
        metadata: { resourceVersion: held.token },
        spec: {
          holderIdentity: "",
          leaseDurationSeconds: 1,
          acquireTime: "1970-01-01T00:00:01.000000Z",
          renewTime: "1970-01-01T00:00:01.000000Z"
        }
      })
      assert.deepStrictEqual(deletion?.body, {
        kind: "DeleteOptions",
        apiVersion: "v1",
        preconditions: { uid, resourceVersion }
      })
      yield* advanceTo(2)
      assert.isTrue(yield* isDone(releasing))
      assert.isUndefined(yield* stored)
    })
  )

  scenario(
    "X2 W1 whoever waits takes the lease with one write before it is deleted, when answers take time",
    Effect.gen(function*() {
      const { held } = yield* holding
      const run = yield* anotherProcess
      const waiting = yield* run(waiter(yours))
      yield* inject(Fault.delay("5 millis"))
      yield* inject(Fault.delayAnswer("5 millis"))
      yield* run(inject(Fault.delay("20 millis")))
      const sent = yield* run(sentBy(Effect.gen(function*() {
        const releasing = yield* forkRelease(held)
        yield* advanceTo(1)
        assert.isTrue(Either.isRight(yield* Fiber.join(releasing)))
      })))
      assert.deepStrictEqual(sent, ["patch"])
      assert.strictEqual((yield* termOf(waiting)).owner, "you")
      assert.deepStrictEqual(yield* timeline(0.001), [["delete", 30]])
    })
  )

  for (
    const [title, fault, meddle, holder] of [
      ["403", Fault.forbidden(), Effect.void, ""],
      ["404: somebody else has deleted it", Fault.delay("1 second"), remove, undefined],
      ["409: somebody else has labelled it", Fault.delay("1 second"), edit({ metadata: { labels: { team: "a" } } }), ""]
    ] as const
  ) {
    scenario(
      `X2 a delete that is refused is fine: ${title}`,
      Effect.gen(function*() {
        const { held } = yield* holding
        yield* inject(fault.pipe(Fault.on("delete")))
        const releasing = yield* forkRelease(held)
        yield* meddle
        yield* advanceTo(1)
        assert.isTrue(Either.isRight(yield* Fiber.join(releasing)))
        assert.strictEqual((yield* stored)?.spec["holderIdentity"], holder)
        assert.isEmpty(yield* sentAfter(0))
      })
    )
  }

  scenario(
    "X2 F32 a Conflict at the clear, by a label: read, and cleared again, as often as it takes",
    Effect.gen(function*() {
      const { held } = yield* holding
      yield* edit({ metadata: { labels: { team: "a" } } })
      yield* inject(Fault.delayAnswer("1 second").pipe(Fault.on("get"), Fault.times(1)))
      yield* advanceTo(1)
      const releasing = yield* forkRelease(held)
      yield* advanceTo(1.5)
      yield* edit({ metadata: { labels: { team: "b" } } })
      yield* advanceTo(3)
      assert.deepStrictEqual(yield* operations(1), ["patch", "get", "patch", "get", "patch", "delete"])
      assert.isTrue(yield* isDone(releasing))
      assert.isUndefined(yield* stored)
    })
  )

  scenario(
    "F39 X2 a Lease that a finalizer keeps from going has no holder",
    Effect.gen(function*() {
      const { held } = yield* holding
      yield* edit({ metadata: { finalizers: ["example.com/keep"] } })
      yield* held.release
      assert.strictEqual((yield* stored)?.spec["holderIdentity"], "")
      assert.isDefined((yield* stored)?.metadata.deletionTimestamp)
    })
  )

  scenario(
    "F26 a third party that takes the lease between the clear and the delete keeps it",
    Effect.gen(function*() {
      const { held } = yield* holding
      yield* inject(Fault.delay("1 second").pipe(Fault.on("delete")))
      const releasing = yield* forkRelease(held)
      yield* advanceTo(0.5)
      const taken = yield* acquired(yours)
      const takenLoss = yield* watchLoss(taken)
      yield* advanceTo(2)
      assert.isTrue(Either.isRight(yield* Fiber.join(releasing)))
      assert.strictEqual((yield* record).spec?.holderIdentity, "you")
      yield* advanceTo(40)
      assert.isTrue(yield* taken.isHeld)
      assert.isUndefined(yield* takenLoss)
    })
  )

  for (
    const [title, meddle, sent] of [
      ["it is gone", remove, ["patch"]],
      ["another holds it", edit(takenBy("you")), ["patch", "get"]],
      ["another holds it in the same name", edit(takenBy("me")), ["patch", "get"]],
      ["it is cleared by somebody else", edit(cleared), ["patch", "get"]],
      ["it is another object, the same otherwise", recreate(), ["patch", "get"]],
      ["it is another's object", recreate({ holderIdentity: "you" }), ["patch", "get"]]
    ] as const
  ) {
    scenario(
      `X3 what is not this term's is neither cleared nor deleted: ${title}`,
      Effect.gen(function*() {
        const { held, loss } = yield* holding
        yield* meddle
        const others = yield* stored
        yield* advanceTo(1)
        yield* held.release
        assert.deepStrictEqual(yield* operations(1), [...sent])
        assert.deepStrictEqual(yield* stored, others)
        assert.isUndefined(yield* loss)
      })
    )
  }

  for (
    const [title, fault] of [
      ["503", Fault.serviceUnavailable()],
      ["429", Fault.tooManyRequests("1 second")],
      ["no connection", Fault.unsent()],
      ["F38 a 404 that is not about this lease", Fault.refuse(404, { reason: "NotFound" })]
    ] as const
  ) {
    scenario(
      `X4 a Transient clear is tried again within releaseTimeout: ${title}`,
      Effect.gen(function*() {
        const { held } = yield* holding
        yield* inject(fault.pipe(Fault.on("patch"), Fault.times(2)))
        const releasing = yield* forkRelease(held)
        yield* advanceTo(4)
        assert.isTrue(Either.isRight(yield* Fiber.join(releasing)))
        assert.isUndefined(yield* stored)
      })
    )

    scenario(
      `X4 a Transient clear fails the release within releaseTimeout: ${title}`,
      Effect.gen(function*() {
        const { held } = yield* holding
        yield* inject(fault.pipe(Fault.on("patch")))
        const releasing = yield* forkRelease(held)
        yield* advanceTo(4)
        assert.isTrue(yield* isDone(releasing))
        assert.nestedPropertyVal(yield* Fiber.join(releasing), "left._tag", "Transient")
        assert.strictEqual((yield* record).spec?.holderIdentity, "me")
        const sent = yield* operations(0)
        assert.isAbove(sent.filter((operation) => operation === "patch").length, 3)
        yield* advanceTo(60)
        assert.deepStrictEqual(yield* operations(0), sent)
      })
    )
  }

  scenario(
    "X4 a clear without an answer is tried again within releaseTimeout",
    Effect.gen(function*() {
      const { held } = yield* holding
      yield* inject(Fault.hang().pipe(Fault.on("patch"), Fault.times(1)))
      const releasing = yield* forkRelease(held)
      yield* advanceTo(4)
      assert.isTrue(Either.isRight(yield* Fiber.join(releasing)))
      assert.isUndefined(yield* stored)
    })
  )

  scenario(
    "R5 X4 a release honours Retry-After where there is time",
    Effect.gen(function*() {
      const { held } = yield* holding
      yield* inject(Fault.tooManyRequests("1 second").pipe(Fault.on("patch"), Fault.times(1)))
      yield* advanceTo(1)
      yield* forkRelease(held)
      yield* advanceTo(5)
      assert.deepStrictEqual(yield* timeline(1), [["patch", 1000], ["get", 2000], ["patch", 2000], ["delete", 2050]])
    })
  )

  scenario(
    "X4 a Transient delete is tried again within releaseTimeout",
    Effect.gen(function*() {
      const { held } = yield* holding
      yield* inject(Fault.serviceUnavailable().pipe(Fault.on("delete"), Fault.times(2)))
      const releasing = yield* forkRelease(held)
      yield* advanceTo(4)
      assert.isTrue(Either.isRight(yield* Fiber.join(releasing)))
      assert.isUndefined(yield* stored)
    })
  )

  scenario(
    "X2 X4 a delete without an answer is no failure either: the lease is free",
    Effect.gen(function*() {
      const { held } = yield* holding
      yield* inject(Fault.hang().pipe(Fault.on("delete")))
      const releasing = yield* forkRelease(held)
      yield* advanceTo(4)
      assert.isTrue(yield* isDone(releasing))
      assert.isTrue(Either.isRight(yield* Fiber.join(releasing)))
      assert.strictEqual((yield* stored)?.spec["holderIdentity"], "")
    })
  )

  scenario(
    "X4 a Conflict that the record does not explain is not tried again without a pause",
    Effect.gen(function*() {
      const { held } = yield* holding
      yield* inject(Fault.refuse(409).pipe(Fault.on("patch"), Fault.times(100)))
      const releasing = yield* forkRelease(held)
      yield* advanceTo(4)
      assert.isTrue(yield* isDone(releasing))
      assert.isBelow((yield* operations(0)).length, 60)
    })
  )

  for (const fault of [Fault.hang(), Fault.delayAnswer("10 seconds")]) {
    scenario(
      `F42 X4 a dead server holds a release up for releaseTimeout and no longer: ${fault.behaviour._tag}`,
      Effect.gen(function*() {
        const { held } = yield* holding
        yield* advanceTo(1)
        yield* inject(fault)
        const releasing = yield* forkRelease(held)
        yield* advanceTo(4.999)
        assert.isFalse(yield* isDone(releasing))
        yield* advanceTo(5)
        assert.isTrue(yield* isDone(releasing))
        assert.nestedPropertyVal(yield* Fiber.join(releasing), "left.kind", "Timeout")
      })
    )
  }

  scenario(
    "F69 X1 where no read is answered either, the clear is sent over what was known last, and lands",
    Effect.gen(function*() {
      const { held } = yield* holding
      yield* inject(Fault.hang().pipe(Fault.on("patch"), Fault.times(1)))
      yield* inject(Fault.hang().pipe(Fault.on("get")))
      yield* advanceTo(10.5)
      const releasing = yield* forkRelease(held)
      yield* advanceTo(13.55)
      assert.isTrue(Either.isRight(yield* Fiber.join(releasing)))
      assert.deepStrictEqual(yield* timeline(10), [
        ["patch", 10_000],
        ["get", 12_500],
        ["patch", 13_500],
        ["delete", 13_550]
      ])
      assert.isUndefined(yield* stored)
    })
  )

  for (const seconds of [2, 5, 10]) {
    scenario(
      `F70 X1 on a server that needs ${seconds} s a request the release keeps its bound, and the clear lands all the same`,
      Effect.gen(function*() {
        const { held } = yield* holding
        yield* inject(Fault.delay(`${seconds} seconds`))
        yield* advanceTo(1)
        const releasing = yield* forkRelease(held)
        yield* advanceTo(5)
        assert.strictEqual(Either.isRight(yield* Fiber.join(releasing)), seconds < 4)
        yield* advanceTo(1.001 + seconds)
        assert.strictEqual((yield* stored)?.spec["holderIdentity"] ?? "", "")
        assert.strictEqual(yield* countLogged("Info", "answered late"), seconds < 4 ? 0 : 1)
        const sent = yield* operations(0)
        yield* advanceTo(60)
        assert.deepStrictEqual(yield* operations(0), sent)
      })
    )
  }

  scenario(
    "F70 X1 a webhook that needs 5.1 s for a write: the clear that is sent last lands",
    Effect.gen(function*() {
      const { held } = yield* holding
      yield* inject(Fault.delay("5100 millis").pipe(Fault.on("patch")))
      yield* advanceTo(1)
      const releasing = yield* forkRelease(held)
      yield* advanceTo(5)
      assert.isTrue(Either.isLeft(yield* Fiber.join(releasing)))
      yield* advanceTo(8.1)
      assert.strictEqual((yield* stored)?.spec["holderIdentity"], "")
      assert.deepStrictEqual(yield* timeline(1), [["patch", 1000], ["get", 3000], ["patch", 3000]])
    })
  )

  for (
    const [title, fault, status] of [
      ["503", Fault.serviceUnavailable("apiserver is shutting down"), 503],
      ["429", Fault.tooManyRequests("1 second"), 429]
    ] as const
  ) {
    scenario(
      `F71 X4 a release that runs out of time says what the server has said last: ${title}`,
      Effect.gen(function*() {
        const { held } = yield* holding
        yield* inject(fault.pipe(Fault.on("patch"), Fault.times(1)))
        yield* inject(Fault.hang().pipe(Fault.on("get")))
        yield* advanceTo(1)
        const releasing = yield* forkRelease(held)
        yield* advanceTo(5)
        const outcome = yield* Fiber.join(releasing)
        assert.nestedPropertyVal(outcome, "left._tag", "Transient")
        assert.nestedPropertyVal(outcome, "left.status", status)
      })
    )
  }

  scenario(
    "F42 X4 a renewal in flight that withstands being given up holds a release up no longer either",
    Effect.gen(function*() {
      const { held } = yield* holding
      yield* answer({ patch: () => Effect.uninterruptible(Effect.never) })
      yield* advanceTo(10.5)
      const releasing = yield* forkRelease(held)
      yield* advanceTo(14.5)
      assert.isTrue(yield* isDone(releasing))
      assert.isTrue(Either.isLeft(yield* Fiber.join(releasing)))
    })
  )

  scenario(
    "X4 a clear whose answer was lost is recognised, and the delete follows",
    Effect.gen(function*() {
      const { held } = yield* holding
      yield* inject(Fault.answerLost().pipe(Fault.on("patch"), Fault.times(1)))
      yield* advanceTo(1)
      const releasing = yield* forkRelease(held)
      yield* advanceTo(2)
      assert.isTrue(Either.isRight(yield* Fiber.join(releasing)))
      assert.deepStrictEqual(yield* operations(1), ["patch", "get", "delete"])
      assert.isUndefined(yield* stored)
    })
  )

  scenario(
    "X3 F26 a lease taken after a clear whose answer was lost is left alone",
    Effect.gen(function*() {
      const { held } = yield* holding
      yield* inject(Fault.answerLost().pipe(Fault.on("patch"), Fault.times(1)))
      yield* advanceTo(1)
      const releasing = yield* forkRelease(held)
      yield* edit(takenBy("you"))
      const others = yield* stored
      yield* advanceTo(2)
      assert.isTrue(Either.isRight(yield* Fiber.join(releasing)))
      assert.deepStrictEqual(yield* operations(1), ["patch", "get"])
      assert.deepStrictEqual(yield* stored, others)
    })
  )

  for (
    const [tag, fault] of [
      ["Forbidden", Fault.forbidden()],
      ["Unauthorized", Fault.unauthorized()],
      ["Invalid", Fault.refuse(422)]
    ] as const
  ) {
    scenario(
      `X4 F23 what trying again does not cure fails the release at once: ${tag}`,
      Effect.gen(function*() {
        const { held } = yield* holding
        yield* inject(fault)
        yield* advanceTo(1)
        assert.strictEqual((yield* Effect.flip(held.release))._tag, tag)
        assert.deepStrictEqual(yield* operations(1), ["patch"])
        assert.isFalse(yield* held.isHeld)
      })
    )
  }

  scenario(
    "releases once: concurrent and later callers share it",
    Effect.gen(function*() {
      const { held } = yield* holding
      yield* inject(Fault.delay("1 second").pipe(Fault.on("patch")))
      yield* advanceTo(1)
      const releasing = yield* Effect.forEach([1, 2, 3], () => forkRelease(held))
      yield* advanceTo(2.049)
      assert.deepStrictEqual(yield* Effect.forEach(releasing, isDone), [false, false, false])
      yield* advanceTo(2.05)
      assert.deepStrictEqual(yield* Effect.forEach(releasing, isDone), [true, true, true])
      yield* held.release
      assert.deepStrictEqual(yield* operations(1), ["patch", "delete"])
    })
  )

  scenario(
    "F68 a release that has failed is neither tried again nor told of again: nothing is held any more",
    Effect.gen(function*() {
      const { held } = yield* holding
      yield* inject(Fault.forbidden())
      assert.strictEqual((yield* Effect.flip(held.release))._tag, "Forbidden")
      yield* clearFaults
      yield* advanceTo(1)
      yield* held.release
      assert.isEmpty(yield* sentAfter(0))
    })
  )

  scenario(
    "an interrupted caller leaves the release going on",
    Effect.gen(function*() {
      const { held, loss } = yield* holding
      yield* inject(Fault.delay("1 second").pipe(Fault.on("patch")))
      const releasing = yield* forkRelease(held)
      yield* Fiber.interrupt(releasing)
      assert.isFalse(yield* held.isHeld)
      yield* advanceTo(1.05)
      assert.isUndefined(yield* stored)
      assert.isUndefined(yield* loss)
    })
  )

  for (const [title, fault] of [["refused", Fault.forbidden()], ["F42 not answered", Fault.hang()]] as const) {
    scenario(
      `a scope that closes releases; a release that is ${title} is logged, and does not fail it`,
      Effect.gen(function*() {
        const scope = yield* Scope.make()
        const held = yield* Scope.extend(acquired(mine), scope)
        yield* inject(fault)
        const closing = yield* Effect.fork(Scope.close(scope, Exit.void))
        yield* advanceTo(4)
        assert.isTrue(Exit.isSuccess(yield* Fiber.await(closing)))
        assert.isFalse(yield* held.isHeld)
        assert.strictEqual(yield* countLogged("Warning", "Cannot release"), 1)
      })
    )
  }

  scenario(
    "a scope that closes awaits a release whose caller has gone",
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const held = yield* Scope.extend(acquired(mine), scope)
      yield* inject(Fault.delay("1 second").pipe(Fault.on("patch")))
      yield* Effect.flatMap(forkRelease(held), Fiber.interrupt)
      const closing = yield* Effect.fork(Scope.close(scope, Exit.void))
      yield* advanceTo(1.049)
      assert.isFalse(yield* isDone(closing))
      yield* advanceTo(1.05)
      assert.isTrue(yield* isDone(closing))
      assert.isUndefined(yield* stored)
    })
  )

  scenario(
    "a service that closes releases every term, at the same time",
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const context = yield* Layer.buildWithScope(Layer.fresh(LeaseServiceModule.layer), scope)
      const names = ["leader", "another", "third"]
      const terms = yield* Effect.forEach(names, (name) => acquired({ ...mine, name })).pipe(Effect.provide(context))
      yield* inject(Fault.delay("1 second"))
      const closing = yield* Effect.fork(Scope.close(scope, Exit.void))
      yield* advanceTo(2.05)
      assert.isTrue(yield* isDone(closing))
      assert.deepStrictEqual(yield* Effect.forEach(terms, ({ isHeld }) => isHeld), [false, false, false])
      assert.isEmpty(yield* Effect.flatMap(MemoryServer, ({ list }) => list))
    })
  )
})

describe.concurrent("T5 a term ends once", () => {
  const ends: ReadonlyArray<
    readonly [LostReason["_tag"], Effect.Effect<void, never, TestServices | Scope.Scope>]
  > = [
    ["Expired", Effect.asVoid(inject(Fault.unsent()))],
    ["TakenOver", edit(takenBy("you"))],
    ["Deleted", remove],
    ["Failed", answer({ patch: () => Effect.die("a bug") })]
  ]
  for (const [reason, end] of ends) {
    scenario(
      `T5 X3 a release after the loss does nothing, and the loss stays what it was: ${reason}`,
      Effect.gen(function*() {
        const { held, loss } = yield* holding
        yield* advanceTo(5)
        yield* end
        yield* advanceTo(30)
        assert.strictEqual(reasonOf(yield* loss), reason)
        yield* clearFaults
        yield* answer({})
        const before = yield* stored
        yield* held.release
        yield* advanceTo(60)
        assert.isEmpty(yield* sentAfter(29))
        assert.deepStrictEqual(yield* stored, before)
        assert.strictEqual(reasonOf(yield* loss), reason)
        assert.nestedPropertyVal(yield* Effect.flip(held.ensureHeld), "reason._tag", reason)
      })
    )
  }

  scenario(
    "T5 whatever happens to the record after a release, lost says nothing",
    Effect.gen(function*() {
      const { held, loss } = yield* holding
      yield* held.release
      yield* acquired(yours)
      yield* Effect.ignore(held.verify)
      yield* advanceTo(60)
      assert.isUndefined(yield* loss)
      assert.deepNestedPropertyVal(yield* Effect.flip(held.ensureHeld), "reason", LostReason.Released())
    })
  )
})
