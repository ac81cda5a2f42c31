import { assert, layer } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { fileURLToPath } from "node:url"
import type { KubernetesLeaseSettings } from "../../src/KubernetesLease.js"
import { ControlPlane } from "./ControlPlane.js"
import * as ControlPlanes from "./ControlPlane.js"
import { eventually } from "./eventually.js"
import * as NodeProgram from "./NodeProgram.js"
import type { TestLease } from "./TestNamespace.js"
import * as TestNamespace from "./TestNamespace.js"

const { leaseName } = TestNamespace

type Test = Effect.Effect<void, unknown, ControlPlane | Scope.Scope>

layer(ControlPlanes.layer, { excludeTestServices: true, timeout: "60 seconds" })("processes", (it) => {
  const local = it.scoped.skipIf(!ControlPlanes.isLocal)
  // Most of these tests wait most of the time: they wait together.
  const concurrently = (title: string, test: () => Test) => it.scoped(title, test, { concurrent: true })

  concurrently(
    "F10 F35 a holder that was stopped past its ttl knows at once, says so once, and leaves the next term alone",
    () =>
      Effect.gen(function*() {
        const { describeLease, makeLease, otherAccount, readLease, requestsSince, serviceAccount, settings } =
          yield* setup
        const durationMillis = 3000
        const holder = yield* campaign(settings({ owner: "stopped", ttlMs: durationMillis }))
        const { lease: challenger, losses } = yield* makeLease({
          owner: "next",
          ttlMs: durationMillis,
          // So that E2 says nothing in time.
          maxClockSkewMs: 30_000,
          serviceAccountToken: (yield* otherAccount).token
        })
        yield* eventually(readLease, ({ spec: { acquireTime, renewTime } }) => renewTime > acquireTime)

        yield* holder.signal("SIGSTOP")
        const { spec: last } = yield* readLease
        const token = yield* untilHeld(challenger)
        // Since its last renewal the ttl has passed; let it also pass since the stop.
        yield* Effect.sleep("1 second")
        const { spec: taken } = yield* describeLease
        assert.deepInclude(taken, { holderIdentity: "next", leaseTransitions: 1 })
        const continuedAt = yield* Clock.currentTimeMillis
        yield* holder.signal("SIGCONT")

        // Time for a second report of the loss, for a late write, and for the next holder to notice one.
        yield* Effect.sleep(durationMillis)
        const { alive, attempts, losses: holderLosses, pauses } = yield* holder.report
        assert.strictEqual(pauses.find(({ to }) => to >= continuedAt)?.isAlive, false)
        assert.deepStrictEqual(holderLosses.map(({ reason }) => reason), ["Expired"])
        assert.strictEqual(alive.length, 1)
        assert.isBelow(alive[0]?.to ?? Infinity, continuedAt)
        // It ran for the lease again, and was told that somebody else holds it.
        const [first, ...again] = attempts
        assert.strictEqual(first?.token, holder.token)
        assert.isAbove(again.length, 0)
        assert.isTrue(again.every((attempt) => attempt.token === undefined))

        const { spec: now } = yield* eventually(readLease, ({ spec }) => spec.renewTime > taken.renewTime)
        assert.deepStrictEqual(now, { ...taken, renewTime: now.renewTime })
        assert.isAbove(Date.parse(taken.acquireTime), Date.parse(last.renewTime))
        assert.isTrue(BigInt(token) > BigInt(holder.token))
        assert.isTrue(challenger.checkAlive())
        assert.isTrue(yield* Effect.promise(() => challenger.verify()))
        assert.deepStrictEqual(losses, [])
        assert.isTrue(
          (yield* requestsSince(continuedAt, serviceAccount)).every(({ verb }) => verb === "get" || verb === "dryRun")
        )
      })
  )

  concurrently(
    "F10 F35 a holder that was stopped past its ttl renews no more, although nobody else has come",
    () =>
      Effect.gen(function*() {
        const { readLease, requestsSince, serviceAccount, settings } = yield* setup
        const holder = yield* campaign(settings({ owner: "stopped", ttlMs: 3000 }))
        yield* eventually(readLease, ({ spec: { acquireTime, renewTime } }) => renewTime > acquireTime)

        yield* holder.signal("SIGSTOP")
        yield* Effect.sleep("4 seconds")
        const { metadata, spec } = yield* readLease
        const continuedAt = yield* Clock.currentTimeMillis
        yield* holder.signal("SIGCONT")

        const { token } = yield* holder.nextTerm
        yield* Effect.sleep("1 second")
        const { attempts, losses, pauses } = yield* holder.report
        assert.strictEqual(pauses.find(({ to }) => to >= continuedAt)?.isAlive, false)
        assert.deepStrictEqual(losses.map(({ reason }) => reason), ["Expired"])
        // What it holds again is another term, whose first write is the first of all since then.
        assert.deepStrictEqual(attempts.map((attempt) => attempt.token), [holder.token, token])
        assert.isTrue(BigInt(token) > BigInt(metadata.resourceVersion))
        const { spec: again } = yield* readLease
        assert.isAbove(Date.parse(again.acquireTime), Date.parse(spec.renewTime))
        assert.strictEqual(again.leaseTransitions, 1)
        const requests = yield* requestsSince(continuedAt, serviceAccount)
        assert.strictEqual(requests[0]?.verb ?? "get", "get")
        const writes = requests.filter(({ verb }) => verb !== "get").map(({ code, verb }) => `${verb} ${code}`)
        assert.deepStrictEqual([...new Set(writes)], requests.length > 0 ? ["patch 200"] : [])
      })
  )

  concurrently(
    "E2 the lease of a process that died before it renewed is taken at the first look, once its time has passed",
    () =>
      Effect.gen(function*() {
        const { describeLease, makeLease, makeToken, otherAccount, readLease, requestsSince, settings } = yield* setup
        const { account, token } = yield* otherAccount
        const times = { ttlMs: 2000, maxClockSkewMs: 500 }
        const startedAt = yield* Clock.currentTimeMillis
        const holder = yield* NodeProgram.start(
          fixture("hold.mjs"),
          settings({ owner: "holder", ...times, acquireTimeoutMs: 10_000, renewalIntervalMs: 1600 })
        )
        const holderToken = BigInt(yield* holder.nextLine)
        yield* holder.kill
        const { metadata, spec } = yield* readLease
        assert.strictEqual(metadata.resourceVersion, String(holderToken))
        assert.strictEqual(spec.renewTime, spec.acquireTime)
        const expiresAt = Date.parse(spec.acquireTime) + times.ttlMs + times.maxClockSkewMs

        // Each with a token of its own: none knows what another has seen. To E2 whole seconds cost one at the least.
        const early = yield* makeLease({ owner: "early", ...times, serviceAccountToken: yield* makeToken })
        yield* sleepUntil(expiresAt)
        assert.isFalse(yield* Effect.promise(() => early.lease.acquire()))

        const late = yield* makeLease({ owner: "late", ...times, serviceAccountToken: token })
        yield* sleepUntil(expiresAt + 2000 + timerMillis)
        const held = yield* Effect.promise(() => late.lease.acquireWithToken())

        assert.isTrue(BigInt(held?.token ?? 0) > holderToken)
        assert.deepInclude((yield* describeLease).spec, { holderIdentity: "late", leaseTransitions: 1 })
        const requests = yield* requestsSince(startedAt, account)
        assert.deepStrictEqual(
          requests.slice(0, 3).map(({ verb }) => verb),
          requests.length > 0 ? ["get", "dryRun", "patch"] : []
        )
      })
  )

  concurrently(
    "E1 E2 the lease of a process that died after renewals is taken at the first look if the server dates renewals, "
      + "else a duration later",
    () =>
      Effect.gen(function*() {
        const { makeLease, otherAccount, readLease, settings } = yield* setup
        const times = { ttlMs: 3000, maxClockSkewMs: 500 }
        const holder = yield* NodeProgram.start(
          fixture("hold.mjs"),
          settings({ owner: "holder", ...times, acquireTimeoutMs: 10_000, renewalIntervalMs: 400 })
        )
        yield* holder.nextLine
        // Further than E2 allows the record's two times to be apart.
        yield* eventually(
          readLease,
          ({ metadata: { creationTimestamp }, spec: { renewTime } }) =>
            Date.parse(renewTime) - Date.parse(creationTimestamp) > 3000 + times.maxClockSkewMs
        )
        yield* holder.kill
        const { lease } = yield* makeLease({
          owner: "late",
          ...times,
          serviceAccountToken: (yield* otherAccount).token
        })
        // A holder knows the server's time to a second, and the server tells it in seconds.
        yield* Effect.sleep(times.ttlMs + times.maxClockSkewMs + 2000 + timerMillis)

        const lookedAt = yield* Clock.currentTimeMillis
        const takenAtFirstLook = yield* Effect.promise(() => lease.acquire())
        assert.strictEqual(takenAtFirstLook, yield* datesRenewals)
        yield* untilHeld(lease)

        const { spec } = yield* readLease
        assert.deepInclude(spec, { holderIdentity: "late", leaseTransitions: 1 })
        if (!takenAtFirstLook) {
          const waited = (yield* Clock.currentTimeMillis) - lookedAt
          assert.isAtLeast(waited, times.ttlMs - timerMillis)
          assert.isAtMost(waited, times.ttlMs + busyMachineMillis)
        }
      })
  )

  concurrently(
    "E2 F92 a job that asks once a run is run again after each crash: ever on servers that date renewals, else once",
    () =>
      Effect.gen(function*() {
        const { settings } = yield* setup
        const times = { ttlMs: 2000, maxClockSkewMs: 500 }
        const runs: Array<string> = []
        for (const run of [0, 1, 2, 3]) {
          const job = yield* NodeProgram.start(
            fixture("hold.mjs"),
            settings({ owner: `run-${run}`, ...times, acquireTimeoutMs: 10_000 })
          )
          const said = yield* job.nextLine
          runs.push(/^\d+$/.test(said) ? "held" : said)
          yield* job.kill
          yield* Effect.sleep(times.ttlMs + times.maxClockSkewMs + 2000 + timerMillis)
        }
        const later = (yield* datesRenewals) ? "held" : "somebody else holds it"
        assert.deepStrictEqual(runs, ["held", "held", later, later])
      })
  )

  concurrently(
    "F22 F43 of two processes with one name the older loses at its next write, and throws the other out no more",
    () =>
      Effect.gen(function*() {
        const { describeLease, otherAccount, readLease, requestsSince, serviceAccount, settings } = yield* setup
        const { account, token } = yield* otherAccount
        const times = { ttlMs: 3000, renewalIntervalMs: 600 }
        const older = yield* campaign(settings({ owner: "same", ...times }))
        yield* eventually(readLease, ({ spec: { acquireTime, renewTime } }) => renewTime > acquireTime)
        const newer = yield* campaign(settings({ owner: "same", ...times, serviceAccountToken: token }))
        const { spec: taken } = yield* describeLease
        assert.deepInclude(taken, { holderIdentity: "same", leaseTransitions: 1 })
        assert.isTrue(BigInt(newer.token) > BigInt(older.token))

        // Time for each to throw the other out again and again.
        yield* Effect.sleep(2 * times.ttlMs)
        const { spec: kept } = yield* readLease
        assert.deepStrictEqual(kept, { ...taken, renewTime: kept.renewTime })
        assert.isAbove(Date.parse(kept.renewTime), Date.parse(taken.renewTime))
        const newerSaw = yield* newer.report
        const endedAt = yield* Clock.currentTimeMillis

        // Somebody else's record that nobody renews any more is free for all, whatever its name.
        yield* older.nextTerm
        const olderSaw = yield* older.report

        const [loss, ...otherLosses] = olderSaw.losses
        assert.deepInclude(loss, { reason: "TakenOver", by: "same" })
        assert.deepStrictEqual(otherLosses, [])
        assert.deepStrictEqual(newerSaw.losses, [])
        const [{ at: takenAt } = { at: NaN }, ...newerAttempts] = newerSaw.attempts
        assert.deepStrictEqual(newerAttempts, [])
        const lostAt = loss?.at ?? NaN
        assert.isBelow(lostAt - takenAt, times.renewalIntervalMs + busyMachineMillis)

        const [, ...again] = olderSaw.attempts
        const inVain = again.filter(({ at }) => at < endedAt)
        assert.isAbove(inVain.length, 5)
        assert.isTrue(inVain.every((attempt) => attempt.token === undefined))

        const [before, ...after] = olderSaw.alive
        assert.isAtMost(before?.to ?? Infinity, lostAt)
        const [newerAlive, ...newerAliveAgain] = newerSaw.alive
        assert.deepStrictEqual(newerAliveAgain, [])
        assert.isAbove((newerAlive?.to ?? 0) - lostAt, times.ttlMs)
        assert.strictEqual(after.length, 1)
        assert.isAbove(after[0]?.from ?? 0, newerAlive?.to ?? Infinity)

        const writtenBy = (user: string) =>
          Effect.map(requestsSince(0, user), (requests) =>
            requests.filter(({ code, verb }) =>
              verb === "patch" && code === 200
            )
              .map(({ receivedAt }) => receivedAt.getTime()))
        const ofNewer = yield* writtenBy(account)
        const nextOfOlder = (yield* writtenBy(serviceAccount)).filter((at) => at > endedAt)
        assert.isAtLeast(Math.min(...nextOfOlder) - Math.max(...ofNewer), times.ttlMs)
        const refused = (yield* requestsSince(0, serviceAccount)).filter(({ code }) => code === 409)
        assert.deepStrictEqual(
          refused.map(({ code, verb }) => [verb, code]),
          ofNewer.length > 0 ? [["patch", 409]] : []
        )
      })
  )

  concurrently(
    "F41 a duration and a renewTime that an administrator has changed are written again",
    () =>
      Effect.gen(function*() {
        const { describeLease, kubectl, makeLease, readLease, requestsSince, serviceAccount } = yield* setup
        const { lease, losses } = yield* makeLease({ owner: "a", ttlMs: 60_000, renewalIntervalMs: 1000 })
        const token = yield* untilHeld(lease)
        const { metadata, spec: acquired } = yield* readLease

        for (const changed of [{ leaseDurationSeconds: 1 }, { renewTime: "2020-01-01T00:00:00.000000Z" }]) {
          const patch = JSON.stringify({ spec: changed })
          const patched = yield* Schema.decode(Patched)(
            yield* kubectl("patch", "lease", leaseName, "--type=merge", "-p", patch, "-o", "json")
          )
          assert.deepInclude(patched.spec, changed)
          const patchedAt = yield* Clock.currentTimeMillis

          const { spec } = yield* eventually(
            readLease,
            ({ metadata: { resourceVersion } }) => BigInt(resourceVersion) > BigInt(patched.metadata.resourceVersion)
          )
          assert.deepStrictEqual(spec, { ...acquired, renewTime: spec.renewTime })
          assert.isAbove(Date.parse(spec.renewTime), Date.parse(acquired.acquireTime))
          assert.isBelow((yield* Clock.currentTimeMillis) - patchedAt, 1000 + busyMachineMillis)
        }

        assert.isTrue(lease.checkAlive())
        assert.strictEqual(yield* untilHeld(lease), token)
        assert.strictEqual((yield* describeLease).metadata.uid, metadata.uid)
        assert.deepStrictEqual(losses, [])

        // What follows a refusal: a look, and the write again.
        const requests = yield* requestsSince(0, serviceAccount)
        const refusals = requests.flatMap(({ code }, index) => code === 409 ? [index] : [])
        assert.strictEqual(refusals.length, requests.length > 0 ? 2 : 0)
        for (const refusal of refusals) {
          assert.deepStrictEqual(
            requests.slice(refusal, refusal + 3).map(({ code, verb }) => [verb, code]),
            [["patch", 409], ["get", 200], ["patch", 200]]
          )
        }
      })
  )

  local("R3 a restart of the API server costs no term", () =>
    Effect.gen(function*() {
      const { startApiServer, stopApiServer } = yield* (yield* ControlPlane).local
      const { makeLease, readLease, requestsSince, serviceAccount, settings } = yield* setup
      const times = { ttlMs: 60_000, renewalIntervalMs: 500, requestTimeoutMs: 1000 }
      const { lease, logLines, losses } = yield* makeLease({ owner: "a", ...times })
      const token = yield* untilHeld(lease)
      // Another process, whose connections nothing else uses.
      const program = yield* campaign(settings({ owner: "b", name: "other", ...times }))
      const { metadata, spec: before } = yield* eventually(
        readLease,
        ({ spec: { acquireTime, renewTime } }) => renewTime > acquireTime
      )

      yield* stopApiServer("SIGTERM")
      yield* startApiServer
      const restartedAt = yield* Clock.currentTimeMillis

      const renewalsOf = (name: string) =>
        Effect.map(requestsSince(restartedAt, serviceAccount), (requests) =>
          requests.filter((request) =>
            request.name === name && request.verb === "patch" && request.code === 200
          ).length)
      yield* eventually(Effect.all([renewalsOf(leaseName), renewalsOf("other")]), ([a, b]) => a >= 3 && b >= 3)
      const after = yield* readLease
      assert.strictEqual(after.metadata.uid, metadata.uid)
      assert.deepStrictEqual(after.spec, { ...before, renewTime: after.spec.renewTime })
      assert.isAbove(Date.parse(after.spec.renewTime), Date.parse(before.renewTime))
      assert.isTrue(lease.checkAlive())
      assert.strictEqual(yield* untilHeld(lease), token)
      assert.deepStrictEqual(losses, [])
      const saying = (text: string) => logLines.filter(({ message }) => message.includes(text)).length
      assert.deepStrictEqual([saying("Cannot renew"), saying("Renewed again")], [1, 1])

      const { alive, attempts, losses: programLosses } = yield* program.report
      assert.deepStrictEqual(programLosses, [])
      assert.strictEqual(alive.length, 1)
      assert.deepStrictEqual(attempts.map((attempt) => attempt.token), [program.token])
    }))
})

/** By how much a timer may be early and clocks of whole milliseconds disagree. */
const timerMillis = 5

/** By how much a machine that is busy with several processes may be late. */
const busyMachineMillis = 3000

const fixture = (name: string) => fileURLToPath(new URL(`fixtures/${name}`, import.meta.url))

const setup = Effect.gen(function*() {
  const plane = yield* ControlPlane
  const testNamespace = yield* TestNamespace.make()
  const { makeServiceAccount, namespace } = testNamespace
  return {
    ...testNamespace,
    otherAccount: Effect.gen(function*() {
      const account = yield* makeServiceAccount
      return { account, token: yield* plane.makeToken(namespace, account) }
    }),
    /** The library's own; none where there is no audit log to read. */
    requestsSince: (millis: number, account: string) =>
      Effect.map(
        Option.match(plane.local, {
          onNone: () => Effect.succeed([]),
          onSome: ({ leaseRequests }) => leaseRequests(namespace)
        }),
        (requests) =>
          requests.filter(({ receivedAt, user, userAgent }) =>
            receivedAt.getTime() >= millis && user === `system:serviceaccount:${namespace}:${account}`
            && userAgent === "kubernetes-lease"
          )
      )
  }
})

const Term = Schema.parseJson(Schema.Struct({ pid: Schema.Number, token: Schema.String }))

const Interval = { from: Schema.Number, to: Schema.Number }

const Report = Schema.parseJson(Schema.Struct({
  /** Without a token: somebody else held it. */
  attempts: Schema.Array(Schema.Struct({ at: Schema.Number, token: Schema.optional(Schema.String) })),
  losses: Schema.Array(
    Schema.Struct({ at: Schema.Number, reason: Schema.String, by: Schema.optional(Schema.String) })
  ),
  /** From the first to the last of successive times when `checkAlive()` said true. */
  alive: Schema.Array(Schema.Struct(Interval)),
  /** When the process did not run, and what the first `checkAlive()` after it said. */
  pauses: Schema.Array(Schema.Struct({ ...Interval, isAlive: Schema.Boolean }))
}))

const Patched = Schema.parseJson(Schema.Struct({
  metadata: Schema.Struct({ resourceVersion: Schema.String }),
  spec: Schema.Struct({ leaseDurationSeconds: Schema.Number, renewTime: Schema.String })
}))

/** A process that runs for the lease for ever, and holds it when this returns. */
const campaign = Effect.fnUntraced(function*(settings: KubernetesLeaseSettings) {
  const program = yield* NodeProgram.start(fixture("campaign.mjs"), { acquireTimeoutMs: 10_000, ...settings })
  const nextTerm = Effect.flatMap(program.nextLine, Schema.decode(Term))
  const { pid, token } = yield* nextTerm
  const signal = (name: NodeJS.Signals) => Effect.sync(() => process.kill(pid, name))
  return {
    token,
    signal,
    nextTerm,
    /** Ends the process without a release. */
    report: Effect.zipRight(signal("SIGTERM"), Effect.flatMap(program.nextLine, Schema.decode(Report)))
  }
})

/** The token of the term. */
const untilHeld = (lease: TestLease["lease"]) =>
  Effect.map(
    eventually(Effect.promise(() => lease.acquireWithToken()), (held) => held !== null),
    (held) => held?.token ?? ""
  )

const sleepUntil = (millis: number) =>
  Effect.flatMap(Clock.currentTimeMillis, (now) => Effect.sleep(Math.max(0, millis - now)))

const Version = Schema.parseJson(Schema.Struct({ major: Schema.String, minor: Schema.String }))

/** Servers before 1.25 leave `managedFields` alone when a renewal changes no more than a value. */
const datesRenewals = Effect.gen(function*() {
  const plane = yield* ControlPlane
  const { major, minor } = yield* Schema.decode(Version)(yield* plane.kubectl(["get", "--raw", "/version"]))
  return Number.parseInt(major) > 1 || Number.parseInt(minor) >= 25
})
