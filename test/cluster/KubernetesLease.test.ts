import { assert, layer } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { randomUUID } from "node:crypto"
import { writeFileSync } from "node:fs"
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { rootCertificates } from "node:tls"
import { fileURLToPath } from "node:url"
import * as KubeApi from "../../src/KubeApi.js"
import * as KubeCredentials from "../../src/KubeCredentials.js"
import { Forbidden, NotFound, Transient, Unauthorized } from "../../src/KubeError.js"
import { ControlPlane } from "./ControlPlane.js"
import * as ControlPlanes from "./ControlPlane.js"
import { eventually } from "./eventually.js"
import { freePort } from "./FreePort.js"
import * as NodeProgram from "./NodeProgram.js"
import type { TestLease } from "./TestNamespace.js"
import * as TestNamespace from "./TestNamespace.js"
import { assertHides, rejection } from "./TestNamespace.js"

const { leaseName } = TestNamespace

type Test = Effect.Effect<void, unknown, ControlPlane | Scope.Scope>

layer(ControlPlanes.layer, { excludeTestServices: true, timeout: "60 seconds" })("KubernetesLease", (it) => {
  const local = it.scoped.skipIf(!ControlPlanes.isLocal)
  // Most of these tests wait most of the time: they wait together.
  const concurrently = (title: string, test: () => Test) => it.scoped(title, test, { concurrent: true })
  const concurrentlyLocal = (title: string, test: () => Test) => local(title, test, { concurrent: true })

  concurrently(
    "F1 kubectl shows the holder, times with six fraction digits, duration, transitions and labels",
    () =>
      Effect.gen(function*() {
        const { describeLease, makeLease } = yield* TestNamespace.make()
        const { lease } = yield* makeLease({
          owner: "a",
          ttlMs: 29_500,
          renewalIntervalMs: 500,
          labels: { "app.kubernetes.io/part-of": "shop" }
        })
        const held = yield* Effect.promise(() => lease.acquireWithToken())

        const { metadata, spec } = yield* describeLease
        assert.strictEqual(spec.holderIdentity, "a")
        assert.strictEqual(spec.leaseDurationSeconds, 30)
        assert.strictEqual(spec.leaseTransitions, 0)
        assert.match(spec.acquireTime, sixFractionDigits)
        assert.match(spec.renewTime, sixFractionDigits)
        // Both by the server's clock, of which answers tell whole seconds.
        assert.approximately(Date.parse(spec.acquireTime), Date.parse(metadata.creationTimestamp), 2000)
        assert.deepStrictEqual(metadata.labels, { "app.kubernetes.io/part-of": "shop" })

        const renewed = yield* eventually(describeLease, ({ spec: { renewTime } }) => renewTime > spec.renewTime)
        assert.match(renewed.spec.renewTime, sixFractionDigits)
        assert.deepStrictEqual(renewed.spec, { ...spec, renewTime: renewed.spec.renewTime })
        assert.isAbove(Number(renewed.metadata.resourceVersion), Number(held?.token))
      })
  )

  concurrentlyLocal(
    "a holder sends one patch per interval, six a minute at 30 s / 10 s, and nothing else",
    () =>
      Effect.gen(function*() {
        const { leaseRequests } = yield* (yield* ControlPlane).local
        const { makeLease, namespace, serviceAccount } = yield* TestNamespace.make()
        const { lease } = yield* makeLease({ owner: "a", ttlMs: 6000, renewalIntervalMs: 2000 })
        assert.isTrue(yield* Effect.promise(() => lease.acquire()))

        // Ten intervals and a half have to pass: that long, no more and no less requests may come.
        yield* Effect.sleep("21 seconds")
        yield* Effect.promise(() => lease.release())

        const requests = yield* eventually(leaseRequests(namespace), (all) => all.some(({ verb }) => verb === "delete"))
        const renewals = Array.from({ length: 10 }, () => "patch")
        assert.deepStrictEqual(
          requests.map(({ verb }) => verb),
          ["get", "create", ...renewals, "patch", "delete"]
        )
        const user = `system:serviceaccount:${namespace}:${serviceAccount}`
        assert.isTrue(requests.every((request) => request.user === user && request.userAgent === "kubernetes-lease"))
      })
  )

  concurrently("F14 a token that is revoked mid-term and replaced on disk costs no term", () =>
    Effect.gen(function*() {
      const plane = yield* ControlPlane
      const { makeLease, makeToken, namespace, readLease, serviceAccount } = yield* TestNamespace.make()
      const file = join(yield* TestNamespace.temporaryFolder, "token")
      const revoked = yield* plane.makeRevocableToken(namespace, serviceAccount)
      const replacement = yield* makeToken
      writeFileSync(file, revoked.token)
      const { lease, logLines, losses } = yield* makeLease({
        owner: "a",
        ttlMs: 30_000,
        renewalIntervalMs: 1000,
        serviceAccountToken: () => readFile(file, "utf8")
      })
      const token = yield* tokenOf({ lease })
      yield* TestNamespace.assertRenewsPastRevocation({
        namespace,
        readLease,
        rotate: Effect.zipRight(Effect.sync(() => writeFileSync(file, replacement)), revoked.revoke)
      })
      assert.isTrue(lease.checkAlive())
      assert.strictEqual(yield* tokenOf({ lease }), token)
      assert.deepStrictEqual(losses, [])
      assertHides(revoked.token, logLines)
      assertHides(replacement, logLines)
    }))

  concurrently(
    "E1 the lease of a killed process goes to one of two challengers, once its time has passed",
    () =>
      Effect.gen(function*() {
        const plane = yield* ControlPlane
        const {
          describeLease,
          makeLease,
          makeServiceAccount,
          makeToken,
          namespace,
          readLease,
          serviceAccount,
          settings
        } = yield* TestNamespace.make()
        const challengerAccount = yield* makeServiceAccount
        const challengerToken = plane.makeToken(namespace, challengerAccount)
        const durationMillis = 3000
        const holder = yield* NodeProgram.start(
          fileURLToPath(new URL("fixtures/hold.mjs", import.meta.url)),
          settings({ owner: "holder", ttlMs: durationMillis, serviceAccountToken: yield* makeToken })
        )
        const holderToken = BigInt(yield* holder.nextLine)
        const challengers = yield* Effect.forEach(["a", "b"], (owner) =>
          Effect.gen(function*() {
            const challenger = yield* makeLease({
              owner,
              ttlMs: durationMillis,
              // So that E2 says nothing in time.
              maxClockSkewMs: 30_000,
              serviceAccountToken: yield* challengerToken
            })
            const untilHeld = Effect.promise(() => challenger.lease.acquireWithToken()).pipe(
              Effect.repeat({ until: (held) => held !== null, schedule: Schedule.spaced("50 millis") })
            )
            return { ...challenger, owner, untilHeld: yield* Effect.fork(untilHeld) }
          }))
        yield* eventually(readLease, ({ spec: { acquireTime, renewTime } }) => renewTime > acquireTime)

        yield* holder.kill

        const { spec: last } = yield* readLease
        assert.strictEqual(last.holderIdentity, "holder")
        yield* eventually(readLease, ({ spec: { holderIdentity } }) => holderIdentity !== "holder")
        // The loser goes on polling a live holder for longer than the duration, and must not get it.
        yield* Effect.sleep(durationMillis + 500)

        const winners = challengers.filter(({ lease }) => lease.checkAlive())
        assert.strictEqual(winners.length, 1)
        const [winner] = winners
        const { spec } = yield* describeLease
        assert.strictEqual(spec.holderIdentity, winner?.owner)
        assert.strictEqual(spec.leaseTransitions, 1)
        // The record tells the server's time to a second.
        assert.isAtLeast(Date.parse(spec.acquireTime) - Date.parse(last.renewTime), durationMillis - 1000)
        assert.isTrue(challengers.every(({ losses }) => losses.length === 0))
        for (const { owner, untilHeld } of challengers) {
          assert.strictEqual(Option.isSome(yield* Fiber.poll(untilHeld)), owner === winner?.owner, owner)
        }
        assert.isTrue((yield* tokenOf(winner)) > holderToken)

        if (Option.isSome(plane.local)) {
          const written = (yield* plane.local.value.leaseRequests(namespace)).filter(({ code, verb }) =>
            verb === "patch" && code === 200
          )
          const by = (account: string) =>
            written.filter(({ user }) => user === `system:serviceaccount:${namespace}:${account}`)
              .map(({ receivedAt }) => receivedAt.getTime())
          const silent = Math.min(...by(challengerAccount)) - Math.max(...by(serviceAccount))
          assert.isAtLeast(silent, durationMillis)
          assert.isAtMost(silent, durationMillis + 2 * busyMachineMillis)
        }
      })
  )

  concurrently("of two owners that race for a new lease exactly one wins", () =>
    Effect.gen(function*() {
      const { makeLease, makeToken, readLease } = yield* TestNamespace.make()
      // With a token of its own each has its own connections and sees with its own eyes.
      const racers = yield* Effect.all([
        makeLease({ owner: "a" }),
        makeLease({ owner: "b", serviceAccountToken: yield* makeToken })
      ])
      for (let round = 0; round < 10; round++) {
        yield* race(racers, readLease)
      }
    }))

  concurrently("of two owners that race for a released lease exactly one wins", () =>
    Effect.gen(function*() {
      const { makeLease, makeToken, readLease } = yield* TestNamespace.make()
      const racers = yield* Effect.all([
        makeLease({ owner: "a", releaseMode: "clear" }),
        makeLease({ owner: "b", releaseMode: "clear", serviceAccountToken: yield* makeToken })
      ])
      for (let round = 0; round < 10; round++) {
        const { spec } = yield* race(racers, readLease)
        assert.strictEqual(spec.leaseTransitions, round)
      }
    }))

  concurrently(
    "R1 renewTime moves once per interval, up to a tenth of it early, never late",
    () =>
      Effect.gen(function*() {
        const plane = yield* ControlPlane
        const { makeLease, namespace, token } = yield* TestNamespace.make()
        const { lease } = yield* makeLease({ owner: "a", ttlMs: 30_000, renewalIntervalMs: 500 })
        const before = yield* Clock.currentTimeMillis
        const held = yield* Effect.promise(() => lease.acquireWithToken())
        const after = yield* Clock.currentTimeMillis

        const events = yield* KubeApi.KubeApi.pipe(
          Effect.map((api) => api.watchLease({ namespace, name: leaseName }, { resourceVersion: held?.token ?? "" })),
          Stream.unwrap,
          Stream.filterMap((event) =>
            event._tag === "Present" ? Option.some(event.lease.spec?.renewTime) : Option.none()
          ),
          Stream.mapEffect((renewTime) => Effect.map(Clock.currentTimeMillis, (at) => ({ at, renewTime }))),
          Stream.take(8),
          Stream.runCollect,
          Effect.map(Chunk.toReadonlyArray),
          Effect.provide(Layer.provide(
            KubeApi.layer,
            KubeCredentials.layer({ baseUrl: plane.baseUrl, caCert: plane.caCert, token: Redacted.make(token) })
          ))
        )

        assert.strictEqual(new Set(events.map(({ renewTime }) => renewTime)).size, 8)
        events.forEach(({ at }, index) => {
          const interval = index + 1
          assert.isAtLeast(at - before, interval * 500 - 50 - timerMillis, `renewal ${interval}`)
          assert.isAtMost(at - after, interval * 500 + busyMachineMillis, `renewal ${interval}`)
        })
      })
  )

  concurrently("X2 release removes the Lease", () =>
    Effect.gen(function*() {
      const { describeLease, makeLease } = yield* TestNamespace.make()
      const { lease, losses } = yield* makeLease({ owner: "a" })
      assert.isTrue(yield* Effect.promise(() => lease.acquire()))
      const { signal } = lease

      yield* Effect.promise(() => lease.release())

      assert.isFalse(lease.checkAlive())
      assert.isTrue(signal.aborted)
      assert.include((yield* Effect.flip(describeLease)).message, `"${leaseName}" not found`)
      assert.deepStrictEqual(losses, [])
    }))

  concurrently(
    "X2 without the verb delete, release leaves the Lease cleared, and the next acquire takes it",
    () =>
      Effect.gen(function*() {
        const { describeLease, makeLease } = yield* TestNamespace.make(["get", "create", "update", "patch", "watch"])
        const first = yield* makeLease({ owner: "a" })
        const next = yield* makeLease({ owner: "b" })
        const firstToken = yield* tokenOf(first)

        yield* Effect.promise(() => first.lease.release())

        const cleared = yield* describeLease
        assert.strictEqual(cleared.spec.holderIdentity, "")
        assert.strictEqual(cleared.spec.leaseDurationSeconds, 1)
        assert.strictEqual(cleared.spec.leaseTransitions, 0)

        const nextToken = yield* tokenOf(next)
        const taken = yield* describeLease
        assert.strictEqual(taken.metadata.uid, cleared.metadata.uid)
        assert.strictEqual(taken.spec.holderIdentity, "b")
        assert.strictEqual(taken.spec.leaseDurationSeconds, 3)
        assert.strictEqual(taken.spec.leaseTransitions, 1)
        assert.isTrue(nextToken > firstToken)
      })
  )

  concurrently(
    "F23 without rights acquire rejects with Forbidden, which says what the server said",
    () =>
      Effect.gen(function*() {
        const { makeLease, namespace, serviceAccount, token } = yield* TestNamespace.make([])
        const { lease, logLines } = yield* makeLease({ owner: "a" })

        const error = yield* rejection(() => lease.acquire())

        assert.instanceOf(error, Forbidden)
        assert.strictEqual(error.status, 403)
        assert.include(
          error.message,
          `User "system:serviceaccount:${namespace}:${serviceAccount}" cannot get resource "leases"`
        )
        assertHides(token, error, logLines)
      })
  )

  concurrently(
    "a wrong CA, a wrong token, a closed port and a missing namespace reject each with their own error in time",
    () =>
      Effect.gen(function*() {
        const { makeLease, namespace, token } = yield* TestNamespace.make()
        const requestTimeoutMs = 1000
        const rejects = Effect.fnUntraced(function*(settings: Partial<TestNamespace.LeaseOptions>) {
          const { lease, logLines } = yield* makeLease({ owner: "a", ttlMs: 10_000, requestTimeoutMs, ...settings })
          const [took, error] = yield* Effect.timed(rejection(() => lease.acquire()))
          assert.isBelow(Duration.toMillis(took), requestTimeoutMs + busyMachineMillis)
          assertHides(token, error, logLines)
          return { error, logLines }
        })

        const { error: wrongCa } = yield* rejects({ caCert: rootCertificates[0] })
        assert.instanceOf(wrongCa, Transient)
        assert.strictEqual(wrongCa.kind, "Tls")
        assert.include(wrongCa.message, "caCert")

        const madeUp = randomUUID()
        const { error: wrongToken, logLines } = yield* rejects({ serviceAccountToken: madeUp })
        assert.instanceOf(wrongToken, Unauthorized)
        assert.strictEqual(wrongToken.status, 401)
        assertHides(madeUp, wrongToken, logLines)

        const { error: closedPort } = yield* rejects({ apiBaseUrl: `https://127.0.0.1:${yield* freePort}` })
        assert.instanceOf(closedPort, Transient)
        assert.strictEqual(closedPort.kind, "Connect")
        assert.include(closedPort.message, "ECONNREFUSED")

        const missing = `${namespace}-missing`
        const { error: missingNamespace } = yield* rejects({
          namespace: missing,
          serviceAccountToken: yield* clusterWideToken
        })
        assert.instanceOf(missingNamespace, NotFound)
        assert.strictEqual(missingNamespace.kind, "namespaces")
        assert.strictEqual(missingNamespace.status, 404)
        assert.include(missingNamespace.message, `namespaces "${missing}" not found`)
      })
  )

  concurrently("F18 a Lease that is deleted mid-term is lost, once", () =>
    Effect.gen(function*() {
      const { describeLease, kubectl, makeLease, token } = yield* TestNamespace.make()
      const { lease, losses } = yield* makeLease({ owner: "a", ttlMs: 30_000, renewalIntervalMs: 400 })
      assert.isTrue(yield* Effect.promise(() => lease.acquire()))
      const { signal } = lease

      yield* kubectl("delete", "lease", leaseName)

      yield* eventually(Effect.sync(() => losses), ({ length }) => length > 0)
      assert.isFalse(lease.checkAlive())
      assert.isTrue(signal.aborted)
      assert.strictEqual(signal.reason, losses[0]?.lost)
      assert.deepStrictEqual(losses[0]?.lost.reason, { _tag: "Deleted" })
      assertHides(token, losses)

      // Time for a second report of the same loss, and for a renewal that would bring the Lease back.
      yield* Effect.sleep("1600 millis")
      assert.strictEqual(losses.length, 1)
      assert.include((yield* Effect.flip(describeLease)).message, "not found")

      assert.isTrue(yield* Effect.promise(() => lease.acquire()))
      yield* Effect.promise(() => lease.release())
      assert.strictEqual(losses.length, 1)
    }))

  concurrently(
    "F18 a Lease that another has taken mid-term is lost, once, and left to it",
    () =>
      Effect.gen(function*() {
        const { describeLease, kubectl, makeLease } = yield* TestNamespace.make()
        const { lease, losses } = yield* makeLease({ owner: "a", ttlMs: 30_000, renewalIntervalMs: 400 })
        assert.isTrue(yield* Effect.promise(() => lease.acquire()))
        const { signal } = lease

        yield* kubectl("patch", "lease", leaseName, "--type=merge", "-p", "{\"spec\":{\"holderIdentity\":\"other\"}}")
        const taken = yield* describeLease

        yield* eventually(Effect.sync(() => losses), ({ length }) => length > 0)
        assert.isFalse(lease.checkAlive())
        assert.isTrue(signal.aborted)
        assert.deepStrictEqual(losses[0]?.lost.reason, { _tag: "TakenOver", by: "other" })
        assert.include(losses[0]?.reason, "other has taken it over")

        // Time for a second report of the same loss, and for a renewal that is not due any more.
        yield* Effect.sleep("1000 millis")
        yield* Effect.promise(() => lease.release())
        assert.strictEqual(losses.length, 1)
        assert.deepStrictEqual(yield* describeLease, taken)
      })
  )

  concurrently("F32 a label that somebody else writes does not end the term", () =>
    Effect.gen(function*() {
      const { describeLease, kubectl, makeLease, readLease } = yield* TestNamespace.make()
      const { lease, losses } = yield* makeLease({
        owner: "a",
        ttlMs: 30_000,
        renewalIntervalMs: 400,
        labels: { mine: "1" }
      })
      assert.isTrue(yield* Effect.promise(() => lease.acquire()))
      const { spec: acquired } = yield* readLease

      yield* kubectl("label", "lease", leaseName, "theirs=2")
      const { spec: labelled } = yield* readLease

      // A term that could not renew over the label would be lost, or renew no more.
      yield* eventually(
        readLease,
        ({ spec: { renewTime } }) => Date.parse(renewTime) - Date.parse(labelled.renewTime) > 2000
      )
      const { metadata, spec } = yield* describeLease
      assert.deepStrictEqual(spec, { ...acquired, renewTime: spec.renewTime })
      assert.deepStrictEqual(metadata.labels, { mine: "1", theirs: "2" })
      assert.isTrue(lease.checkAlive())
      assert.deepStrictEqual(losses, [])
    }))

  local(
    "R3 an outage shorter than the renew deadline costs no term; a longer one does, before the Lease is free",
    () =>
      Effect.gen(function*() {
        const { leaseRequests, startApiServer, stopApiServer } = yield* (yield* ControlPlane).local
        const { makeLease, namespace, readLease, token } = yield* TestNamespace.make()
        const patient = yield* makeLease({ owner: "a", name: "patient", ttlMs: 60_000, renewalIntervalMs: 1000 })
        const hasty = yield* makeLease({ owner: "a", ttlMs: 5000, renewalIntervalMs: 1000 })
        assert.isTrue(yield* Effect.promise(() => patient.lease.acquire()))
        assert.isTrue(yield* Effect.promise(() => hasty.lease.acquire()))
        const { spec: before } = yield* eventually(
          readLease,
          ({ spec: { acquireTime, renewTime } }) => renewTime > acquireTime
        )

        yield* stopApiServer("SIGKILL")
        yield* eventually(Effect.sync(() => hasty.losses), ({ length }) => length > 0)
        assert.isFalse(hasty.lease.checkAlive())
        assert.isTrue(patient.lease.checkAlive())
        assert.instanceOf(yield* rejection(() => hasty.lease.acquire()), Transient)
        yield* startApiServer

        const [loss] = hasty.losses
        assert.strictEqual(loss?.lost.reason._tag, "Expired")
        assert.include(loss?.reason, "ECONNREFUSED")
        const renewedAt = (yield* leaseRequests(namespace))
          .filter(({ code, name, verb }) => name === leaseName && verb === "patch" && code === 200)
          .map(({ receivedAt }) => receivedAt.getTime())
        const held = (loss?.atMillis ?? 0) - Math.max(...renewedAt)
        assert.isBelow(held, before.leaseDurationSeconds * 1000)
        assert.isAbove(held, 4500 - 1000)

        assert.isTrue(yield* Effect.promise(() => hasty.lease.acquire()))
        const { spec: after } = yield* readLease
        assert.isAbove(Date.parse(after.acquireTime), Date.parse(before.renewTime))
        assert.strictEqual(hasty.losses.length, 1)

        const saying = (text: string) => patient.logLines.filter(({ message }) => message.includes(text)).length
        yield* eventually(Effect.sync(() => saying("Renewed again")), (times) => times > 0)
        assert.strictEqual(saying("Cannot renew"), 1)
        assert.deepStrictEqual(patient.losses, [])
        assert.isTrue(yield* Effect.promise(() => patient.lease.verify()))
        assertHides(token, hasty.losses, hasty.logLines, patient.logLines)
      })
  )

  local("R4 a server that does not answer makes acquire reject with a timeout, in time", () =>
    Effect.gen(function*() {
      const { pauseApiServer, resumeApiServer } = yield* (yield* ControlPlane).local
      const { makeLease } = yield* TestNamespace.make()
      const { lease } = yield* makeLease({ owner: "a", requestTimeoutMs: 500, acquireRetries: 0 })

      yield* Effect.acquireRelease(pauseApiServer, () => resumeApiServer)
      const [took, error] = yield* Effect.timed(rejection(() => lease.acquire()))

      assert.instanceOf(error, Transient)
      assert.strictEqual(error.kind, "Timeout")
      assert.isAtLeast(Duration.toMillis(took), 500 - timerMillis)
      assert.isBelow(Duration.toMillis(took), 500 + busyMachineMillis)
    }))
})

const sixFractionDigits = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}Z$/

/** By how much a timer may be early and clocks of whole milliseconds disagree. */
const timerMillis = 5

/** By how much a machine that is busy with other things may be late. */
const busyMachineMillis = 1500

const tokenOf = (testLease: Pick<TestLease, "lease"> | undefined) =>
  Effect.map(
    Effect.promise(async () => testLease?.lease.acquireWithToken()),
    (held) => BigInt(held?.token ?? 0)
  )

/** Both try at once; the one that has won gives the lease back. Answers with the record of the winner's term. */
const race = Effect.fnUntraced(function*<E>(
  racers: readonly [TestLease, TestLease],
  readLease: Effect.Effect<TestNamespace.Lease, E>
) {
  const outcomes = yield* Effect.promise(() => Promise.all(racers.map(({ lease }) => lease.acquire())))
  assert.strictEqual(outcomes.filter(Boolean).length, 1)
  assert.deepStrictEqual(racers.map(({ lease }) => lease.checkAlive()), outcomes)
  const record = yield* readLease
  assert.strictEqual(record.spec.holderIdentity, outcomes[0] ? "a" : "b")
  yield* Effect.promise(() => Promise.all(racers.map(({ lease }) => lease.release())))
  return record
})

/** Of a ServiceAccount with rights to the leases of every namespace, also of one that does not exist. */
const clusterWideToken = Effect.gen(function*() {
  const plane = yield* ControlPlane
  const { namespace, serviceAccount, token } = yield* TestNamespace.make([])
  const subject = `--serviceaccount=${namespace}:${serviceAccount}`
  yield* Effect.acquireRelease(
    plane.kubectl(["create", "clusterrole", namespace, "--verb=get,create", "--resource=leases.coordination.k8s.io"]),
    () => Effect.ignoreLogged(plane.kubectl(["delete", "clusterrole", namespace]))
  )
  yield* Effect.acquireRelease(
    plane.kubectl(["create", "clusterrolebinding", namespace, `--clusterrole=${namespace}`, subject]),
    () => Effect.ignoreLogged(plane.kubectl(["delete", "clusterrolebinding", namespace]))
  )
  const path = "/apis/coordination.k8s.io/v1/namespaces/default/leases/any"
  yield* eventually(plane.request({ token, path }), ({ status }) => status === 404)
  return token
})
