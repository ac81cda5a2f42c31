import { assert, layer } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import * as KubeApi from "../../src/KubeApi.js"
import * as KubeCredentials from "../../src/KubeCredentials.js"
import { KubernetesLease } from "../../src/KubernetesLease.js"
import * as LeaseService from "../../src/LeaseService.js"
import * as Kubeconfig from "../support/Kubeconfig.js"
import type { LeaseRequest } from "./AuditLog.js"
import { ControlPlane } from "./ControlPlane.js"
import * as ControlPlanes from "./ControlPlane.js"
import { eventually } from "./eventually.js"
import * as NodeProgram from "./NodeProgram.js"
import type { TestLease } from "./TestNamespace.js"
import * as TestNamespace from "./TestNamespace.js"

type Test = Effect.Effect<void, unknown, ControlPlane | Scope.Scope>

layer(ControlPlanes.layer, { excludeTestServices: true, timeout: "60 seconds" })("waiting", (it) => {
  // Most of these tests wait most of the time: they wait together.
  const concurrently = (title: string, test: () => Test) =>
    it.scoped(title, () => Effect.provide(test(), Logger.remove(Logger.defaultLogger)), { concurrent: true })

  for (const releaseMode of ["delete", "clear"] as const) {
    concurrently(
      `W1 X2 a released lease goes to who waits, by its watch, in mode ${releaseMode}`,
      () =>
        Effect.gen(function*() {
          const { contender, describeLease, makeLease } = yield* setup()
          const { lease, losses } = yield* makeLease({ owner: "holder", ...long, releaseMode })
          const first = yield* tokenOf(lease)
          const waiter = yield* contender({ owner: "waiter", ...long, releaseMode })
          const waiting = yield* waiter.wait

          yield* Effect.promise(() => lease.release())

          assert.isTrue(BigInt((yield* Fiber.join(waiting)).token) > BigInt(first))
          assert.strictEqual((yield* describeLease).spec.holderIdentity, "waiter")
          assert.isTrue(waiter.lease.checkAlive())
          assert.deepStrictEqual(losses, [])
          assertWatchedOnly(yield* waiter.requests)
        })
    )
  }

  concurrently("X5 a hand-over goes to its successor alone of those who wait", () =>
    Effect.gen(function*() {
      const { contender, describeLease, makeLease } = yield* setup()
      const { lease } = yield* makeLease({ owner: "holder", ...long })
      yield* tokenOf(lease)
      const bystander = yield* contender({ owner: "bystander", ...long })
      const bystanderWaiting = yield* bystander.wait
      const successor = yield* contender({ owner: "successor", ...long })
      const successorWaiting = yield* successor.wait

      yield* Effect.promise(() => lease.release({ to: "successor", handOverMs: 60_000 }))

      yield* Fiber.join(successorWaiting)
      const { spec } = yield* describeLease
      assert.deepInclude(spec, { holderIdentity: "successor", leaseDurationSeconds: 30, leaseTransitions: 2 })
      assert.isTrue(Option.isNone(yield* Fiber.poll(bystanderWaiting)))
      assertWatchedOnly(yield* successor.requests)
      assert.isTrue((yield* bystander.requests).every(({ verb }) => ["get", "dryRun", "watch"].includes(verb)))
      yield* Fiber.interrupt(bystanderWaiting)
    }))

  concurrently(
    "E1 X5 a hand-over to nobody goes to who waits, once it has lasted its time",
    () =>
      Effect.gen(function*() {
        const { contender, makeLease, readLease } = yield* setup()
        const { lease } = yield* makeLease({ owner: "holder", ...long })
        yield* tokenOf(lease)
        const waiter = yield* contender({ owner: "waiter", ...long })
        const waiting = yield* waiter.wait

        const handedOverAt = yield* Clock.currentTimeMillis
        yield* Effect.promise(() => lease.release({ to: "nobody", handOverMs: 4000 }))
        assert.deepInclude((yield* readLease).spec, {
          holderIdentity: "nobody",
          leaseDurationSeconds: 4,
          leaseTransitions: 1
        })

        yield* Fiber.join(waiting)
        assert.isAtLeast((yield* Clock.currentTimeMillis) - handedOverAt, 4000 - timerMillis)
        assert.deepInclude((yield* readLease).spec, { holderIdentity: "waiter", leaseTransitions: 2 })
      })
  )

  concurrently(
    "E1 the lease of a killed process goes to who waits, and not before its time has passed",
    () =>
      Effect.gen(function*() {
        const { contender, readLease, settings, writesOf, serviceAccount } = yield* setup()
        const ttlMs = 4000
        const holder = yield* NodeProgram.start(hold, settings({ owner: "holder", ttlMs, acquireTimeoutMs: 10_000 }))
        yield* holder.nextLine
        const waiter = yield* contender({ owner: "waiter", ...long })
        const waiting = yield* waiter.wait
        yield* eventually(readLease, ({ spec: { acquireTime, renewTime } }) => renewTime > acquireTime)

        yield* holder.kill

        yield* Fiber.join(waiting)
        assert.deepInclude((yield* readLease).spec, { holderIdentity: "waiter", leaseTransitions: 1 })
        assertWaitedOut(yield* writesOf(serviceAccount), yield* waiter.writes, ttlMs)
      })
  )

  concurrently(
    "F40 a Lease that is deleted under a killed holder is left alone until that one's time has passed",
    () =>
      Effect.gen(function*() {
        const { contender, kubectl, readLease, settings, serviceAccount, writesOf } = yield* setup()
        const ttlMs = 8000
        const holder = yield* NodeProgram.start(hold, settings({ owner: "holder", ttlMs, acquireTimeoutMs: 10_000 }))
        yield* holder.nextLine
        const waiter = yield* contender({ owner: "waiter", ...long })
        const waiting = yield* waiter.wait

        yield* holder.kill
        yield* kubectl("delete", "lease", TestNamespace.leaseName)

        yield* Fiber.join(waiting)
        // Another object than the one that was deleted.
        assert.deepInclude((yield* readLease).spec, { holderIdentity: "waiter", leaseTransitions: 0 })
        assertWaitedOut(yield* writesOf(serviceAccount), yield* waiter.writes, ttlMs)
      })
  )

  concurrently(
    "W2 without the verb watch, who waits reads now and then, says so once, and gets a released lease",
    () =>
      Effect.gen(function*() {
        const { contender, makeLease, readLease } = yield* setup(["get", "create", "update", "patch", "delete"])
        const { lease } = yield* makeLease({ owner: "holder", ...long })
        yield* tokenOf(lease)
        const waiter = yield* contender({ owner: "waiter", ...long, renewalIntervalMs: 1000 })
        const waiting = yield* waiter.wait
        const polling = waiter.logLines.filter(({ message }) => message.includes("may not be watched"))
        yield* Effect.sleep("2 seconds")

        yield* Effect.promise(() => lease.release())

        yield* Fiber.join(waiting)
        assert.strictEqual((yield* readLease).spec.holderIdentity, "waiter")
        assert.lengthOf(polling, 1)
        const requests = yield* waiter.requests
        assert.isAtMost(requests.filter(({ verb }) => verb === "watch").length, 1)
        assert.isTrue(requests.every(({ code, verb }) => verb !== "watch" || code === 403))
      })
  )

  concurrently("W5 changes tells every term, and the end of the last", () =>
    Effect.gen(function*() {
      const { namespace, service } = yield* setup()
      const ref = { namespace, name: TestNamespace.leaseName }
      const { changes } = yield* service
      const told: Array<string> = []
      yield* changes(ref).pipe(
        Stream.runForEach((holder) =>
          Effect.sync(() => told.push(Option.match(holder, { onNone: () => "", onSome: ({ owner }) => owner })))
        ),
        Effect.forkScoped
      )
      const untilTold = (count: number) => eventually(Effect.sync(() => told), ({ length }) => length >= count)
      yield* untilTold(1)
      // Without a record there is no version to watch from.
      yield* Effect.sleep("1 second")
      const a = yield* (yield* service).tryAcquire({ ...ref, owner: "a", ttl: "30 seconds" }).pipe(Effect.flatten)
      yield* untilTold(2)
      yield* a.handOver({ to: "b" })
      yield* untilTold(3)
      const b = yield* (yield* service).tryAcquire({ ...ref, owner: "b", ttl: "30 seconds" }).pipe(Effect.flatten)
      yield* untilTold(4)
      yield* b.release
      yield* untilTold(5)
      assert.deepStrictEqual(told, ["", "a", "b", "b", ""])
    }))

  concurrently("a kubeconfig says where the server is and who asks", () =>
    Effect.gen(function*() {
      const { baseUrl, caCert } = yield* ControlPlane
      const { describeLease, namespace, token } = yield* setup()
      const file = join(yield* TestNamespace.temporaryFolder, "config")
      writeFileSync(file, Kubeconfig.make({ server: baseUrl, caCert, token }))
      const lease = new KubernetesLease({
        namespace,
        name: TestNamespace.leaseName,
        owner: "a",
        ttlMs: 30_000,
        // The package that reads it is large, and the machine busy.
        acquireTimeoutMs: 20_000,
        kubeconfig: file
      })

      yield* tokenOf(lease)
      assert.strictEqual((yield* describeLease).spec.holderIdentity, "a")
      assert.isTrue(yield* Effect.promise(() => lease.verify()))
      yield* Effect.promise(() => lease.release())

      assert.isFalse(lease.checkAlive())
      assert.include((yield* Effect.flip(describeLease)).message, "not found")
    }))
})

/** Where the expiry is not the subject. */
const long = { ttlMs: 30_000, acquireTimeoutMs: 10_000 }

/** By how much a timer may be early and clocks of whole milliseconds disagree. */
const timerMillis = 5

const hold = fileURLToPath(new URL("fixtures/hold.mjs", import.meta.url))

const tokenOf = (lease: KubernetesLease) =>
  Effect.map(Effect.promise(() => lease.acquireWithToken()), (held) => {
    assert.isNotNull(held)
    return held?.token ?? ""
  })

/** E1: by when the server received them; nothing where there is no audit log to read. */
const assertWaitedOut = (holders: ReadonlyArray<number>, waiters: ReadonlyArray<number>, ttlMs: number) => {
  const last = holders.at(-1)
  const [first] = waiters
  if (last !== undefined && first !== undefined) {
    assert.isAtLeast(first - last, ttlMs)
  }
}

/**
 * W1: one read, with a dry run where that can tell the record's age (E2), one watch, and then what takes the lease;
 * nothing where there is no audit log to read.
 */
const assertWatchedOnly = (requests: ReadonlyArray<LeaseRequest>) => {
  const [read, next, ...others] = requests.map(({ verb }) => verb)
  if (read !== undefined) {
    const [watch, ...writes] = next === "dryRun" ? others : [next, ...others]
    assert.deepStrictEqual([read, watch], ["get", "watch"])
    assert.isAtLeast(writes.length, 1)
    assert.isTrue(writes.every((verb) => verb === "patch" || verb === "create"), writes.join())
  }
}

const setup = Effect.fnUntraced(function*(verbs?: ReadonlyArray<string>) {
  const plane = yield* ControlPlane
  const { baseUrl, caCert } = plane
  const testNamespace = yield* TestNamespace.make(verbs)
  const { makeLease, makeServiceAccount, namespace, token } = testNamespace

  const requestsOf = (account: string) =>
    Effect.map(
      Option.match(plane.local, {
        onNone: () => Effect.succeed<ReadonlyArray<LeaseRequest>>([]),
        onSome: ({ leaseRequests }) => leaseRequests(namespace)
      }),
      (requests) =>
        requests.filter(({ user, userAgent }) =>
          user === `system:serviceaccount:${namespace}:${account}` && userAgent === "kubernetes-lease"
        )
    )

  /** When the server has received the writes that it has accepted. */
  const writesOf = (account: string) =>
    Effect.map(requestsOf(account), (requests) =>
      requests
        .filter(({ code, verb }) => (verb === "patch" && code === 200) || (verb === "create" && code === 201))
        .map(({ receivedAt }) => receivedAt.getTime()))

  /** Somebody with connections of its own, who sees with its own eyes. */
  const contender = Effect.fnUntraced(function*(options: TestNamespace.LeaseOptions) {
    const account = yield* makeServiceAccount
    const testLease: TestLease = yield* makeLease({
      ...options,
      serviceAccountToken: yield* plane.makeToken(namespace, account)
    })
    return {
      ...testLease,
      requests: requestsOf(account),
      writes: writesOf(account),
      /** Waits in the background, and has its watch, or has been refused it, when this returns. */
      wait: Effect.gen(function*() {
        const waiting = yield* Effect.forkScoped(
          Effect.promise((signal) => testLease.lease.waitUntilAcquired({ signal }))
        )
        if (Option.isSome(plane.local)) {
          yield* eventually(requestsOf(account), (requests) => requests.some(({ verb }) => verb === "get"))
        }
        yield* Effect.sleep("1 second")
        return waiting
      })
    }
  })

  /** On connections of its own as in a process of its own. */
  const service = LeaseService.layer.pipe(
    Layer.provide(KubeApi.layer),
    Layer.provide(KubeCredentials.layer({ baseUrl, caCert, token: Redacted.make(token) })),
    Layer.fresh,
    Layer.build,
    Effect.map(Context.get(LeaseService.LeaseService))
  )

  return { ...testNamespace, contender, service, writesOf }
})
