import { assert } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as Stream from "effect/Stream"
import type { KubeError } from "../../src/KubeError.js"
import type { LeaseSpec, WatchEvent } from "../../src/LeaseObject.js"
import { MicroTime, microTimeFromMillis } from "../../src/LeaseObject.js"
import { leaseSpec, microTime } from "./arbitraries.js"
import type { Scenario } from "./scenario.js"
import { failed, scenario, uidOf } from "./scenario.js"
import type { Server } from "./server.js"
import { freshName } from "./server.js"

const renewTime = MicroTime(1_795_327_200_123_456n)

const spec: LeaseSpec = {
  holderIdentity: "a",
  leaseDurationSeconds: 30,
  acquireTime: renewTime,
  renewTime,
  leaseTransitions: 0
}

/** A Lease of the scenario's own, written twice. */
const storedLease = ({ api, namespace }: Server) =>
  Effect.gen(function*() {
    const ref = { namespace, name: freshName() }
    const created = yield* api.createLease({ metadata: ref, spec })
    const patched = yield* api.patchLease(ref, {
      resourceVersion: created.metadata.resourceVersion,
      spec: { renewTime: MicroTime(renewTime + 1n) }
    })
    return {
      ref,
      created,
      patched,
      uid: uidOf(patched),
      resourceVersion: patched.metadata.resourceVersion,
      staleResourceVersion: created.metadata.resourceVersion
    }
  })

const shown = (event: WatchEvent): string =>
  event._tag === "Bookmark" ? event._tag : `${event._tag} ${event.lease.spec?.holderIdentity}`

const happenings = (server: Server, lease: Effect.Effect.Success<ReturnType<typeof storedLease>>, count: number) =>
  server.api.watchLease(lease.ref, lease).pipe(
    Stream.filter(({ _tag }) => _tag !== "Bookmark"),
    Stream.map(shown),
    Stream.take(count),
    Stream.runCollect,
    Effect.map(Chunk.toReadonlyArray)
  )

/** For some dozens of values, which is what a real server does in a second. */
const holds = <A>(arbitrary: FastCheck.Arbitrary<A>, check: (value: A) => Effect.Effect<void, KubeError>) =>
  Effect.promise(() =>
    FastCheck.assert(
      FastCheck.asyncProperty(arbitrary, (value) => Effect.runPromise(check(value))),
      { numRuns: 30 }
    )
  )

/** What is refused of a Lease that has been written twice. */
const refused = (
  fact: string,
  attempt: (
    server: Server,
    lease: Effect.Effect.Success<ReturnType<typeof storedLease>>
  ) => Effect.Effect<unknown, KubeError>,
  expected: string
): Scenario<Server> =>
  scenario(fact, (server) => Effect.flatMap(storedLease(server), (lease) => failed(attempt(server, lease))), expected)

export const kubeApi: ReadonlyArray<Scenario<Server>> = [
  scenario(
    "a Lease comes back as it was written, with a uid, a resourceVersion and the server's time",
    (server) =>
      Effect.gen(function*() {
        const ref = { namespace: server.namespace, name: freshName() }
        const startMillis = yield* Clock.currentTimeMillis
        const { serverDateMillis = 0, ...created } = yield* server.api.createLease({
          metadata: { ...ref, labels: { app: "x" } },
          spec
        })
        const endMillis = yield* Clock.currentTimeMillis
        const { serverDateMillis: _, ...read } = yield* server.api.getLease(ref)
        assert.deepStrictEqual(read, created)
        return [
          created.spec,
          created.metadata.name === ref.name && created.metadata.namespace === ref.namespace,
          /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(uidOf(created)),
          /^\d+$/.test(created.metadata.resourceVersion),
          serverDateMillis > startMillis - 1000 && serverDateMillis <= endMillis && serverDateMillis % 1000 === 0
        ]
      }),
    [spec, true, true, true, true]
  ),
  scenario(
    "each write has a larger resourceVersion than the one before, across Leases",
    (server) =>
      Effect.gen(function*() {
        const one = yield* storedLease(server)
        const two = yield* storedLease(server)
        const versions = [one.staleResourceVersion, one.resourceVersion, two.staleResourceVersion, two.resourceVersion]
        return versions.every((version, i) => i === 0 || BigInt(version) > BigInt(versions[i - 1] ?? "0"))
      }),
    true
  ),
  scenario(
    "the uid stays with a patch",
    (server) => Effect.map(storedLease(server), ({ created, uid }) => uid === created.metadata.uid),
    true
  ),
  scenario("a patch leaves what it does not name and removes what is null", (server) =>
    Effect.gen(function*() {
      const { ref, resourceVersion } = yield* storedLease(server)
      const patched = yield* server.api.patchLease(ref, {
        resourceVersion,
        spec: { holderIdentity: "", acquireTime: null }
      })
      return patched.spec
    }), { holderIdentity: "", leaseDurationSeconds: 30, renewTime: MicroTime(renewTime + 1n), leaseTransitions: 0 }),
  scenario("a patch that changes nothing leaves the resourceVersion", (server) =>
    Effect.gen(function*() {
      const { ref, resourceVersion } = yield* storedLease(server)
      const patched = yield* server.api.patchLease(ref, { resourceVersion, spec: { holderIdentity: "a" } })
      return patched.metadata.resourceVersion === resourceVersion
    }), true),
  scenario(
    "managedFields tells the writer of renewTime and when",
    (server) =>
      Effect.map(storedLease(server), ({ patched }) => {
        const [entry, ...others] = patched.metadata.managedFields ?? []
        const { manager, operation, time } = Object(entry)
        return [manager, operation, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(time), others.length]
      }),
    ["kubernetes-lease", "Update", true, 0]
  ),
  scenario("any MicroTime that is written comes back", (server) =>
    Effect.gen(function*() {
      const { ref } = yield* storedLease(server)
      yield* holds(microTime, (time) =>
        Effect.gen(function*() {
          const { metadata: { resourceVersion } } = yield* server.api.getLease(ref)
          const patched = yield* server.api.patchLease(ref, { resourceVersion, spec: { renewTime: time } })
          assert.strictEqual(patched.spec?.renewTime, time)
        }))
    }), undefined),
  scenario("any spec that is written comes back", (server) =>
    holds(leaseSpec, (spec) =>
      Effect.gen(function*() {
        const ref = { namespace: server.namespace, name: freshName() }
        yield* server.api.createLease({ metadata: ref, spec })
        const read = yield* server.api.getLease(ref)
        assert.deepStrictEqual(read.spec, spec)
      })), undefined),
  refused(
    "get of a missing Lease",
    ({ api }, { ref }) => api.getLease({ ...ref, name: "missing" }),
    "NotFound 404 NotFound leases"
  ),
  refused(
    "create of a Lease that exists",
    ({ api }, { ref }) => api.createLease({ metadata: ref, spec }),
    "Conflict 409 AlreadyExists"
  ),
  refused(
    "create in a missing namespace",
    ({ adminApi }, { ref }) => adminApi.createLease({ metadata: { ...ref, namespace: "missing" }, spec }),
    "NotFound 404 NotFound namespaces"
  ),
  refused(
    "create with a bad name",
    ({ api }, { ref }) => api.createLease({ metadata: { ...ref, name: "A_b" }, spec }),
    "Invalid 422 Invalid metadata.name"
  ),
  refused(
    "create with leaseDurationSeconds 0",
    ({ api, namespace }) =>
      api.createLease({ metadata: { namespace, name: freshName() }, spec: { ...spec, leaseDurationSeconds: 0 } }),
    "Invalid 422 Invalid spec.leaseDurationSeconds"
  ),
  refused(
    "patch with leaseTransitions -1",
    ({ api }, { ref, resourceVersion }) => api.patchLease(ref, { resourceVersion, spec: { leaseTransitions: -1 } }),
    "Invalid 422 Invalid spec.leaseTransitions"
  ),
  refused(
    "patch with a stale resourceVersion",
    ({ api }, { ref, staleResourceVersion: resourceVersion }) =>
      api.patchLease(ref, { resourceVersion, spec: { holderIdentity: "b" } }),
    "Conflict 409 Conflict"
  ),
  refused(
    "patch of a missing Lease",
    ({ api }, { ref, resourceVersion }) => api.patchLease({ ...ref, name: "missing" }, { resourceVersion, spec: {} }),
    "NotFound 404 NotFound leases"
  ),
  refused(
    "delete with a stale resourceVersion",
    ({ api }, { ref, staleResourceVersion: resourceVersion, uid }) => api.deleteLease(ref, { uid, resourceVersion }),
    "Conflict 409 Conflict"
  ),
  refused(
    "delete with a foreign uid",
    ({ api }, { ref, resourceVersion }) => api.deleteLease(ref, { uid: "foreign", resourceVersion }),
    "Conflict 409 Conflict"
  ),
  refused(
    "delete of a missing Lease",
    ({ api }, { ref, resourceVersion, uid }) => api.deleteLease({ ...ref, name: "missing" }, { uid, resourceVersion }),
    "NotFound 404 NotFound leases"
  ),
  refused(
    "patch with the resourceVersion of a Lease that was deleted and created anew",
    ({ api }, { ref, resourceVersion, uid }) =>
      Effect.gen(function*() {
        yield* api.deleteLease(ref, { uid, resourceVersion })
        yield* api.createLease({ metadata: ref, spec })
        yield* api.patchLease(ref, { resourceVersion, spec: { holderIdentity: "b" } })
      }),
    "Conflict 409 Conflict"
  ),
  scenario("a deleted Lease is gone", (server) =>
    Effect.gen(function*() {
      const { ref, resourceVersion, uid } = yield* storedLease(server)
      yield* server.api.deleteLease(ref, { uid, resourceVersion })
      return yield* failed(server.api.getLease(ref))
    }), "NotFound 404 NotFound leases"),
  scenario(
    "a dry run tells the server's present in its body, shows the record as it stands and stores nothing",
    (server) =>
      Effect.gen(function*() {
        const { patched, ref } = yield* storedLease(server)
        const startMillis = yield* Clock.currentTimeMillis
        const { serverTimeMillis = 0, ...shown } = yield* server.api.dryRunLease(ref)
        const endMillis = yield* Clock.currentTimeMillis
        const { serverDateMillis: _, ...before } = patched
        const { serverDateMillis: __, ...after } = yield* server.api.getLease(ref)
        assert.deepStrictEqual(after, before)
        return [
          shown.spec,
          shown.metadata.resourceVersion === before.metadata.resourceVersion,
          shown.metadata.uid === before.metadata.uid,
          serverTimeMillis > startMillis - 1000 && serverTimeMillis <= endMillis && serverTimeMillis % 1000 === 0
        ]
      }),
    [{ ...spec, renewTime: MicroTime(renewTime + 1n) }, true, true, true]
  ),
  refused(
    "dry run on a missing Lease",
    ({ api }, { ref }) => api.dryRunLease({ ...ref, name: "missing" }),
    "NotFound 404 NotFound leases"
  ),
  scenario(
    "the server tells its version",
    ({ api }) => Effect.map(api.serverVersion, ({ major, minor }) => [major, minor >= 20]),
    [1, true]
  ),
  scenario("of 8 creates at once one succeeds", (server) =>
    Effect.gen(function*() {
      const ref = { namespace: server.namespace, name: freshName() }
      const outcomes = yield* Effect.forEach(
        ["a", "b", "c", "d", "e", "f", "g", "h"],
        (holderIdentity) =>
          Effect.merge(Effect.as(server.api.createLease({ metadata: ref, spec: { holderIdentity } }), "created")),
        { concurrency: "unbounded" }
      )
      return outcomes.filter((outcome) => outcome === "created").length
    }), 1),
  scenario("of 8 patches of the same resourceVersion one succeeds", (server) =>
    Effect.gen(function*() {
      const { ref, resourceVersion } = yield* storedLease(server)
      const outcomes = yield* Effect.forEach(
        ["b", "c", "d", "e", "f", "g", "h", "i"],
        (holderIdentity) =>
          Effect.merge(
            Effect.as(server.api.patchLease(ref, { resourceVersion, spec: { holderIdentity } }), "patched")
          ),
        { concurrency: "unbounded" }
      )
      return outcomes.filter((outcome) => outcome === "patched").length
    }), 1),
  scenario("a watch shows what has happened since its resourceVersion", (server) =>
    Effect.gen(function*() {
      const lease = yield* storedLease(server)
      const patched = yield* server.api.patchLease(lease.ref, {
        resourceVersion: lease.resourceVersion,
        spec: { holderIdentity: "b", renewTime: microTimeFromMillis(0) }
      })
      yield* server.api.deleteLease(lease.ref, { uid: lease.uid, resourceVersion: patched.metadata.resourceVersion })
      yield* server.api.createLease({ metadata: lease.ref, spec })
      return yield* happenings(server, lease, 3)
    }), ["Present b", "Deleted b", "Present a"]),
  scenario("a watch from a resourceVersion too old fails with Transient 410", (server) =>
    Effect.gen(function*() {
      const { ref } = yield* storedLease(server)
      const resourceVersion = yield* server.expiredResourceVersion
      return yield* failed(Stream.runDrain(server.api.watchLease(ref, { resourceVersion })))
    }), "Transient 410 Expired Status")
]
