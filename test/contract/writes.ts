import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { RawAnswer } from "../testing/rawRequest.js"
import type { Scenario } from "./scenario.js"
import {
  answer,
  at,
  get,
  mergePatch,
  named,
  patchOfType,
  pathOf,
  post,
  put,
  remove,
  said,
  scenario,
  scenarioSince,
  seen,
  storedLease
} from "./scenario.js"
import type { HttpServer } from "./server.js"
import { freshName } from "./server.js"

const jsonPatch = "application/json-patch+json"
const applyPatch = "application/apply-patch+yaml"

const creates: ReadonlyArray<Scenario<HttpServer>> = [
  answer("POST creates", ({ leases }) => post(leases, named(freshName())), "201 Lease"),
  answer("POST of a name that exists", ({ leases, name }) => post(leases, named(name)), "409 AlreadyExists leases"),
  answer("POST with a bad name", ({ leases }) => post(leases, named("A_b")), "422 Invalid Lease metadata.name"),
  answer("POST without a name", ({ leases }) => post(leases, named("")), "422 Invalid Lease metadata.name"),
  answer(
    "POST with a name of 254 characters",
    ({ leases }) => post(leases, named("a".repeat(254))),
    "422 Invalid Lease metadata.name"
  ),
  answer(
    "POST with a bad label",
    ({ leases }) => post(leases, named(freshName(), { labels: { "a b": "c d" } })),
    "422 Invalid Lease metadata.labels metadata.labels"
  ),
  answer(
    "POST with another namespace in the body",
    ({ leases }) => post(leases, named(freshName(), { namespace: "other" })),
    "400 BadRequest"
  ),
  answer(
    "POST with a resourceVersion",
    ({ leases }) => post(leases, named(freshName(), { resourceVersion: "1" })),
    "500 Failure"
  ),
  answer(
    "POST with leaseDurationSeconds 0",
    ({ leases }) => post(leases, named(freshName(), {}, { leaseDurationSeconds: 0 })),
    "422 Invalid Lease spec.leaseDurationSeconds"
  ),
  answer(
    "POST with leaseTransitions -1",
    ({ leases }) => post(leases, named(freshName(), {}, { leaseTransitions: -1 })),
    "422 Invalid Lease spec.leaseTransitions"
  ),
  answer(
    "POST with a fraction of a second as leaseDurationSeconds",
    ({ leases }) => post(leases, named(freshName(), {}, { leaseDurationSeconds: 1.5 })),
    "400 BadRequest"
  ),
  answer(
    "POST with leaseTransitions beyond 32 bits",
    ({ leases }) => post(leases, named(freshName(), {}, { leaseTransitions: 2 ** 31 })),
    "400 BadRequest"
  ),
  answer(
    "POST of another kind",
    ({ leases }) => post(leases, { ...named(freshName()), kind: "Pod" }),
    "400 BadRequest"
  ),
  scenario(
    "POST to a namespace that does not exist",
    ({ admin }) => said(admin.send(post(pathOf("missing"), named(freshName())))),
    "404 NotFound namespaces"
  ),
  scenario(
    "GET in a namespace that does not exist names the Lease",
    ({ admin }) => said(admin.send(get(`${pathOf("missing")}/any`))),
    "404 NotFound leases"
  )
]

const mergePatches: ReadonlyArray<Scenario<HttpServer>> = [
  answer(
    "merge PATCH with the current resourceVersion answers with the Lease",
    ({ path, resourceVersion }) => mergePatch(path, { metadata: { resourceVersion }, spec: { holderIdentity: "b" } }),
    "200 Lease"
  ),
  answer(
    "merge PATCH with a stale resourceVersion",
    ({ path, staleResourceVersion: resourceVersion }) => mergePatch(path, { metadata: { resourceVersion } }),
    "409 Conflict leases"
  ),
  answer("merge PATCH of a missing Lease", ({ leases }) => mergePatch(`${leases}/missing`, {}), "404 NotFound leases"),
  answer(
    "merge PATCH with a foreign uid",
    ({ path }) => mergePatch(path, { metadata: { uid: "foreign" } }),
    "422 Invalid Lease metadata.uid metadata.uid"
  ),
  answer(
    "merge PATCH with a foreign uid and a stale resourceVersion",
    ({ path, staleResourceVersion: resourceVersion }) =>
      mergePatch(path, { metadata: { uid: "foreign", resourceVersion } }),
    "409 Conflict leases"
  ),
  answer(
    "merge PATCH that takes the resourceVersion away",
    ({ path }) => mergePatch(path, { metadata: { resourceVersion: null } }),
    "422 Invalid leases metadata.resourceVersion"
  ),
  answer(
    "merge PATCH with another name",
    ({ path }) => mergePatch(path, { metadata: { name: "other" } }),
    "400 BadRequest"
  ),
  answer(
    "merge PATCH with a bad label value",
    ({ path }) => mergePatch(path, { metadata: { labels: { a: "c d" } }, spec: { leaseTransitions: -1 } }),
    "422 Invalid Lease metadata.labels metadata.labels metadata.labels spec.leaseTransitions"
  ),
  answer(
    "merge PATCH with leaseDurationSeconds 0",
    ({ path }) => mergePatch(path, { spec: { leaseDurationSeconds: 0 } }),
    "422 Invalid Lease spec.leaseDurationSeconds"
  ),
  answer(
    "merge PATCH with leaseTransitions -1",
    ({ path }) => mergePatch(path, { spec: { leaseTransitions: -1 } }),
    "422 Invalid Lease spec.leaseTransitions"
  ),
  answer(
    "merge PATCH with a number as holderIdentity",
    ({ path }) => mergePatch(path, { spec: { holderIdentity: 1 } }),
    "422 Invalid patch"
  ),
  answer(
    "a patch of an unknown type",
    ({ path }) => patchOfType("application/unknown+json", path, {}),
    "415 UnsupportedMediaType"
  ),
  scenario(
    "merge PATCH without a resourceVersion is unconditional: of 8 at once none is refused",
    (server) =>
      Effect.gen(function*() {
        const { path } = yield* storedLease(server)
        const writers = ["b", "c", "d", "e", "f", "g", "h", "i"]
        return yield* Effect.forEach(
          writers,
          (holderIdentity) => said(server.send(mergePatch(path, { spec: { holderIdentity } }))),
          { concurrency: "unbounded" }
        )
      }),
    Array.from({ length: 8 }, () => "200 Lease")
  ),
  scenario(
    "merge PATCH with the resourceVersion of a Lease that was deleted and created anew",
    (server) =>
      Effect.gen(function*() {
        const { leases, name, path, resourceVersion } = yield* storedLease(server)
        yield* server.send(remove(path))
        yield* server.send(post(leases, named(name)))
        return yield* said(server.send(mergePatch(path, { metadata: { resourceVersion } })))
      }),
    "409 Conflict leases"
  ),
  scenario(
    "merge PATCH with holderIdentity \"\" stores \"\"",
    (server) =>
      Effect.flatMap(
        storedLease(server),
        ({ path }) => seen(server.send(mergePatch(path, { spec: { holderIdentity: "" } })), "spec", "holderIdentity")
      ),
    ""
  ),
  scenario("merge PATCH of spec fields to null takes them away", (server) =>
    Effect.gen(function*() {
      const { path } = yield* storedLease(server)
      const patch = mergePatch(path, {
        spec: {
          holderIdentity: null,
          leaseDurationSeconds: null,
          acquireTime: null,
          renewTime: null,
          leaseTransitions: null
        }
      })
      return [yield* seen(server.send(patch), "spec"), yield* seen(server.send(get(path)), "spec")]
    }), [{}, {}]),
  scenario("a write that changes nothing does not bump the resourceVersion", (server) =>
    Effect.gen(function*() {
      const { path, resourceVersion } = yield* storedLease(server)
      const patched = yield* seen(
        server.send(mergePatch(path, { spec: { holderIdentity: "a" } })),
        "metadata",
        "resourceVersion"
      )
      const stored = yield* server.send(get(path))
      const replaced = yield* seen(
        server.send(put(path, Object(stored.json))),
        "metadata",
        "resourceVersion"
      )
      return [patched === resourceVersion, replaced === resourceVersion]
    }), [true, true]),
  scenario(
    "fields that nobody knows are silently dropped",
    (server) =>
      Effect.gen(function*() {
        const { path } = yield* storedLease(server)
        const patched = yield* server.send(
          mergePatch(path, { spec: { nobodyKnows: 1 }, metadata: { nobodyKnows: 1 }, status: { nobodyKnows: 1 } })
        )
        return [patched.status, patched.body.includes("nobodyKnows")]
      }),
    [200, false]
  ),
  scenarioSince(
    36,
    "strategy is silently dropped, since 1.36 it is kept and a renewal leaves it",
    (server) =>
      Effect.gen(function*() {
        const { path } = yield* storedLease(server)
        const patched = server.send(mergePatch(path, { spec: { strategy: "OldestEmulationVersion" } }))
        const renewed = server.send(mergePatch(path, { spec: { renewTime: "2026-11-22T06:00:20.000000Z" } }))
        return [yield* seen(patched, "spec", "strategy"), yield* seen(renewed, "spec", "strategy")]
      }),
    { since: ["OldestEmulationVersion", "OldestEmulationVersion"], before: [undefined, undefined] }
  ),
  scenario(
    "whatever is kept of strategy and preferredHolder, a renewal leaves it",
    (server) =>
      Effect.gen(function*() {
        const { path } = yield* storedLease(server)
        const patched = yield* server.send(
          mergePatch(path, { spec: { preferredHolder: "b", strategy: "OldestEmulationVersion" } })
        )
        const renewed = yield* server.send(mergePatch(path, { spec: { renewTime: "2026-11-22T06:00:20.000000Z" } }))
        const kept = ({ json }: RawAnswer) => [at(json, "spec", "preferredHolder"), at(json, "spec", "strategy")]
        assert.deepStrictEqual(kept(renewed), kept(patched))
        return patched.status
      }),
    200
  ),
  scenario(
    "before 1.31, a server does not know preferredHolder and drops it",
    (server) =>
      Effect.gen(function*() {
        const { path } = yield* storedLease(server)
        const { minor } = yield* server.api.serverVersion
        const { body } = yield* server.send(mergePatch(path, { spec: { preferredHolder: "b" } }))
        return minor >= 31 || !body.includes("preferredHolder")
      }),
    true
  )
]

const jsonPatches: ReadonlyArray<Scenario<HttpServer>> = [
  answer(
    "JSON patch with a test that holds",
    ({ path }) => patchOfType(jsonPatch, path, [{ op: "test", path: "/spec/holderIdentity", value: "a" }]),
    "200 Lease"
  ),
  answer(
    "JSON patch with a test that fails",
    ({ path }) => patchOfType(jsonPatch, path, [{ op: "test", path: "/spec/holderIdentity", value: "b" }]),
    "422 Invalid"
  ),
  answer(
    "JSON patch of a path that leads nowhere",
    ({ path }) => patchOfType(jsonPatch, path, [{ op: "replace", path: "/spec/nowhere/at/all", value: 1 }]),
    "422 Invalid"
  )
]

const puts: ReadonlyArray<Scenario<HttpServer>> = [
  answer(
    "PUT with the current resourceVersion",
    ({ name, path, resourceVersion }) => put(path, named(name, { resourceVersion })),
    "200 Lease"
  ),
  answer(
    "PUT with a stale resourceVersion",
    ({ name, path, staleResourceVersion: resourceVersion }) => put(path, named(name, { resourceVersion })),
    "409 Conflict leases"
  ),
  answer(
    "PUT without resourceVersion",
    ({ name, path }) => put(path, named(name)),
    "422 Invalid leases metadata.resourceVersion"
  ),
  answer("PUT under another name", ({ path }) => put(path, named("other")), "400 BadRequest"),
  answer(
    "PUT of a missing Lease with a uid",
    ({ leases, uid }) => put(`${leases}/missing`, named("missing", { uid })),
    "409 Conflict leases"
  ),
  scenario(
    "PUT of a missing Lease without a uid creates it, even with a resourceVersion",
    (server) =>
      Effect.gen(function*() {
        const { name, path, resourceVersion } = yield* storedLease(server)
        yield* server.send(remove(path))
        return [
          yield* said(server.send(put(path, named(name, { resourceVersion })))),
          yield* said(server.send(get(path)))
        ]
      }),
    ["201 Lease", "200 Lease"]
  )
]

const applies: ReadonlyArray<Scenario<HttpServer>> = [
  scenario("server-side apply of a missing Lease creates it", (server) =>
    Effect.gen(function*() {
      const name = freshName()
      const path = `${pathOf(server.namespace)}/${name}`
      return [
        yield* said(server.send(patchOfType(applyPatch, `${path}?fieldManager=applier`, named(name)))),
        yield* said(server.send(get(path)))
      ]
    }), ["201 Lease", "200 Lease"]),
  answer(
    "server-side apply of a value that another manager owns",
    ({ name, path }) =>
      patchOfType(applyPatch, `${path}?fieldManager=applier`, named(name, {}, { holderIdentity: "b" })),
    "409 Conflict .spec.holderIdentity .spec.renewTime"
  ),
  answer(
    "server-side apply by force",
    ({ name, path }) => patchOfType(applyPatch, `${path}?fieldManager=applier&force=true`, named(name)),
    "200 Lease"
  )
]

const deletes: ReadonlyArray<Scenario<HttpServer>> = [
  answer("DELETE without preconditions", ({ path }) => remove(path), "200 Success leases"),
  answer(
    "DELETE with preconditions that hold",
    ({ path, resourceVersion, uid }) => remove(path, { uid, resourceVersion }),
    "200 Success leases"
  ),
  answer(
    "DELETE with a foreign uid",
    ({ path, resourceVersion }) => remove(path, { uid: "foreign", resourceVersion }),
    "409 Conflict Lease"
  ),
  answer(
    "DELETE with a stale resourceVersion",
    ({ path, staleResourceVersion: resourceVersion, uid }) => remove(path, { uid, resourceVersion }),
    "409 Conflict Lease"
  ),
  answer("DELETE of a missing Lease", ({ leases }) => remove(`${leases}/missing`), "404 NotFound leases"),
  answer(
    "DELETE without Content-Length: the preconditions are ignored",
    ({ path }) => ({ ...remove(path, { uid: "foreign" }), withoutContentLength: true }),
    "200 Success leases"
  ),
  answer("DELETE as a dry run", ({ path }) => remove(`${path}?dryRun=All`), "200 Success leases"),
  scenario(
    "DELETE with a finalizer marks the Lease, which can still be patched and goes with its finalizer",
    (server) =>
      Effect.gen(function*() {
        const { path } = yield* storedLease(server)
        yield* server.send(mergePatch(path, { metadata: { finalizers: ["example.com/keep"] } }))
        const deleted = yield* server.send(remove(path))
        const patched = yield* server.send(mergePatch(path, { spec: { renewTime: "2026-11-22T06:00:20.000000Z" } }))
        const added = mergePatch(path, { metadata: { finalizers: ["example.com/keep", "example.com/new"] } })
        return [
          yield* said(Effect.succeed(deleted)),
          yield* seen(Effect.succeed(deleted), "spec", "holderIdentity"),
          typeof (yield* seen(Effect.succeed(deleted), "metadata", "deletionTimestamp")),
          yield* seen(Effect.succeed(deleted), "metadata", "deletionGracePeriodSeconds"),
          yield* said(Effect.succeed(patched)),
          yield* said(server.send(remove(path))),
          yield* said(server.send(added)),
          yield* said(server.send(mergePatch(path, { metadata: { finalizers: null } }))),
          yield* said(server.send(get(path)))
        ]
      }),
    [
      "200 Lease",
      "a",
      "string",
      0,
      "200 Lease",
      "200 Lease",
      "422 Invalid Lease metadata.finalizers metadata.finalizers",
      "200 Lease",
      "404 NotFound leases"
    ]
  )
]

const reads: ReadonlyArray<Scenario<HttpServer>> = [
  answer("GET of a missing Lease", ({ leases }) => get(`${leases}/missing`), "404 NotFound leases"),
  answer("GET is read from etcd", ({ path }) => get(path), "200 Lease"),
  scenario(
    "GET with resourceVersion=0 is read from a cache, with another from one that is not older",
    (server) =>
      Effect.gen(function*() {
        const { path, resourceVersion } = yield* storedLease(server)
        return [
          yield* said(server.send(get(`${path}?resourceVersion=${resourceVersion}`))),
          yield* said(server.send(get(`${path}?resourceVersion=0`)))
        ]
      }),
    ["200 Lease", "200 Lease"]
  ),
  answer("list", ({ leases }) => get(leases), "200 LeaseList"),
  scenario(
    "a path that the server does not know: NotFound with empty details",
    ({ admin, namespace }) =>
      Effect.map(
        admin.send(get(`/apis/coordination.k8s.io/v1/namespaces/${namespace}/nothing/any`)),
        ({ json, status }) => [status, at(json, "reason"), at(json, "details")]
      ),
    [404, "NotFound", {}]
  )
]

export const writes: ReadonlyArray<Scenario<HttpServer>> = [
  ...creates,
  ...mergePatches,
  ...jsonPatches,
  ...puts,
  ...applies,
  ...deletes,
  ...reads
]
