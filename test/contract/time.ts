import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { Scenario } from "./scenario.js"
import {
  answer,
  at,
  get,
  laterRenewTime,
  mergePatch,
  named,
  patchOfType,
  pathOf,
  post,
  put,
  remove,
  renewTime,
  said,
  scenario,
  scenarioSince,
  seen,
  storedLease
} from "./scenario.js"
import type { HttpServer } from "./server.js"
import { freshName } from "./server.js"

const threeDigits = "2026-11-22T06:00:00.123Z"

const microTimes: ReadonlyArray<Scenario<HttpServer>> = [
  answer(
    "F1 POST with a time of three digits",
    ({ leases }) => post(leases, named(freshName(), {}, { renewTime: threeDigits })),
    "400 BadRequest"
  ),
  answer(
    "F1 PUT with a time of three digits",
    ({ name, path, resourceVersion }) => put(path, named(name, { resourceVersion }, { acquireTime: threeDigits })),
    "400 BadRequest"
  ),
  answer(
    "F1 merge PATCH with a time of three digits",
    ({ path }) => mergePatch(path, { spec: { renewTime: threeDigits } }),
    "422 Invalid patch"
  ),
  ...[
    ["no digits", "2026-11-22T06:00:00Z"],
    ["nine digits", "2026-11-22T06:00:00.123456789Z"],
    ["no offset", "2026-11-22T06:00:00.123456"],
    ["a day that does not exist", "2026-02-29T06:00:00.123456Z"],
    ["a leap second", "2026-12-31T23:59:60.000000Z"]
  ].map(([what, time]) =>
    answer(
      `merge PATCH with a time of ${what}`,
      ({ path }) => mergePatch(path, { spec: { renewTime: time } }),
      "422 Invalid patch"
    )
  ),
  ...([
    ["six digits stay as they are", renewTime, renewTime],
    ["another offset is brought to UTC", "2026-11-22T07:30:00.123456+01:30", renewTime],
    ["the first microsecond of the year 0000 stays", "0000-01-01T00:00:00.000000Z", "0000-01-01T00:00:00.000000Z"],
    ["the microsecond after Go's zero time stays", "0001-01-01T00:00:00.000001Z", "0001-01-01T00:00:00.000001Z"],
    ["the last microsecond of the year 9999 stays", "9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"],
    ["1970-01-01T00:00:00 stays", "1970-01-01T00:00:00.000000Z", "1970-01-01T00:00:00.000000Z"],
    ["Go's zero time is null", "0001-01-01T00:00:00.000000Z", null]
  ] as const).map(([fact, written, read]) =>
    scenario<HttpServer>(`a MicroTime on the server: ${fact}`, (server) =>
      Effect.gen(function*() {
        const { path } = yield* storedLease(server)
        const patched = server.send(mergePatch(path, { spec: { acquireTime: written } }))
        return [yield* seen(patched, "spec", "acquireTime"), yield* seen(server.send(get(path)), "spec", "acquireTime")]
      }), [read, read])
  ),
  scenario("a null time that Go's zero time has left goes with the next write", (server) =>
    Effect.gen(function*() {
      const { path } = yield* storedLease(server)
      yield* server.send(mergePatch(path, { spec: { acquireTime: "0001-01-01T00:00:00.000000Z" } }))
      const { json } = yield* server.send(mergePatch(path, { spec: { holderIdentity: "b" } }))
      return at(json, "spec")
    }), { holderIdentity: "b", leaseDurationSeconds: 30, renewTime: laterRenewTime, leaseTransitions: 0 })
]

const dates: ReadonlyArray<Scenario<HttpServer>> = [
  scenario("every answer has the server's time as its Date, in whole seconds", (server) =>
    Effect.gen(function*() {
      const lease = yield* storedLease(server)
      const requests = [
        get(lease.path),
        get(`${lease.leases}/missing`),
        post(lease.leases, named("A_b")),
        mergePatch(lease.path, {}),
        remove(lease.path)
      ]
      const startMillis = yield* Clock.currentTimeMillis
      const answers = yield* Effect.forEach(requests, server.send)
      const endMillis = yield* Clock.currentTimeMillis
      return answers.every(({ headers }) => {
        const millis = Date.parse(headers.date ?? "")
        return millis > startMillis - 1000 && millis <= endMillis
      })
    }), true)
]

/** Who owns which fields of the spec, and whose time has moved since. */
const owners = (json: unknown, since: unknown = undefined): ReadonlyArray<string> =>
  entriesOf(json).map((entry) => {
    const fields = Object.keys(Object(at(entry, "fieldsV1", "f:spec"))).map((field) => field.replace(/^f:/, ""))
    const before = entriesOf(since).find((other) =>
      at(other, "manager") === at(entry, "manager") && at(other, "operation") === at(entry, "operation")
    )
    const time = at(entry, "time")
    const moved = time === undefined
      ? "no time"
      : before === undefined
      ? "new"
      : at(before, "time") === time
      ? "same time"
      : "later"
    return [at(entry, "manager"), at(entry, "operation"), moved, fields.join()].join(" ")
  })

const entriesOf = (json: unknown): ReadonlyArray<unknown> => {
  const entries = at(json, "metadata", "managedFields")
  return Array.isArray(entries) ? entries : []
}

const timesOf = (json: unknown) => entriesOf(json).map((entry) => at(entry, "time"))

const all = "acquireTime,holderIdentity,leaseDurationSeconds,leaseTransitions,renewTime"
const allButRenewTime = "acquireTime,holderIdentity,leaseDurationSeconds,leaseTransitions"

/** A Lease that `holder` has created. */
const heldLease = Effect.fnUntraced(function*(server: HttpServer) {
  const name = freshName()
  const leases = pathOf(server.namespace)
  const created = yield* server.send({
    ...post(leases, named(name)),
    headers: { "user-agent": "holder/1.0 (test) like a browser" }
  })
  return { name, path: `${leases}/${name}`, created: created.json }
})

const by = (manager: string, path: string, body: object) => mergePatch(`${path}?fieldManager=${manager}`, body)

const managedFields: ReadonlyArray<Scenario<HttpServer>> = [
  scenario(
    "managedFields names the writer by the User-Agent's first part or fieldManager, in whole seconds",
    (server) =>
      Effect.gen(function*() {
        const { created, path } = yield* heldLease(server)
        const { json } = yield* server.send(by("other", path, { spec: { renewTime: laterRenewTime } }))
        return [
          owners(created),
          owners(json),
          timesOf(json).every((time) => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(String(time)))
        ]
      }),
    [
      [`holder Update new ${all}`],
      [`holder Update new ${allButRenewTime}`, "other Update new renewTime"],
      true
    ]
  ),
  scenarioSince(
    25,
    "a renewal refreshes the writer's time, before 1.25 only if it changes what the writer owns",
    (server) =>
      Effect.gen(function*() {
        const { created, path } = yield* heldLease(server)
        yield* server.untilTheNextSecond
        const renewed = yield* server.send(by("holder", path, { spec: { renewTime: laterRenewTime } }))
        const noop = yield* server.send(by("holder", path, { spec: { renewTime: laterRenewTime } }))
        const labelled = yield* server.send(by("holder", path, { metadata: { labels: { app: "x" } } }))
        return [owners(renewed.json, created), owners(noop.json, renewed.json), owners(labelled.json, created)]
      }),
    {
      since: [[`holder Update later ${all}`], [`holder Update same time ${all}`], [`holder Update later ${all}`]],
      before: [
        [`holder Update same time ${all}`],
        [`holder Update same time ${all}`],
        [`holder Update later ${all}`]
      ]
    }
  ),
  scenario("a no-op write leaves managedFields alone, also by another writer", (server) =>
    Effect.gen(function*() {
      const { created, path } = yield* heldLease(server)
      yield* server.untilTheNextSecond
      const { json } = yield* server.send(by("other", path, { spec: { renewTime } }))
      return owners(json, created)
    }), [`holder Update same time ${all}`]),
  scenario("a change of another field leaves the time of the renewal alone", (server) =>
    Effect.gen(function*() {
      const { created, path } = yield* heldLease(server)
      yield* server.untilTheNextSecond
      const { json } = yield* server.send(by("other", path, { metadata: { labels: { app: "x" } } }))
      return owners(json, created)
    }), [`holder Update same time ${all}`, "other Update new "]),
  scenarioSince(
    25,
    "server-side apply of the same value adds a second owner of renewTime, since 1.25 without time",
    (server) =>
      Effect.gen(function*() {
        const { created, name, path } = yield* heldLease(server)
        const apply = (renewTime: string) =>
          server.send(patchOfType("application/apply-patch+yaml", `${path}?fieldManager=applier&force=true`, {
            apiVersion: "coordination.k8s.io/v1",
            kind: "Lease",
            metadata: { name },
            spec: { renewTime }
          }))
        const applied = yield* apply(renewTime)
        yield* server.untilTheNextSecond
        const changed = yield* apply(laterRenewTime)
        return [owners(applied.json, created), owners(changed.json, applied.json)]
      }),
    {
      since: [
        ["applier Apply no time renewTime", `holder Update same time ${all}`],
        ["applier Apply later renewTime", `holder Update same time ${allButRenewTime}`]
      ],
      before: [
        ["applier Apply new renewTime", `holder Update same time ${all}`],
        ["applier Apply later renewTime", `holder Update same time ${allButRenewTime}`]
      ]
    }
  ),
  scenario("a patch can forge the time", (server) =>
    Effect.gen(function*() {
      const { created, path } = yield* heldLease(server)
      const [entry] = entriesOf(created)
      const forged = { ...Object(entry), time: "2001-01-01T00:00:00Z" }
      const { json } = yield* server.send(by("other", path, {
        metadata: { managedFields: [forged], labels: { app: "x" } }
      }))
      return timesOf(json)[0]
    }), "2001-01-01T00:00:00Z"),
  scenario("managedFields: [{}] ends the tracking for good", (server) =>
    Effect.gen(function*() {
      const { path } = yield* heldLease(server)
      const reset = yield* server.send(by("other", path, { metadata: { managedFields: [{}] } }))
      const later = yield* server.send(by("holder", path, { spec: { renewTime: laterRenewTime } }))
      return [owners(reset.json), owners(later.json), at(later.json, "spec", "renewTime")]
    }), [[], [], laterRenewTime]),
  scenario(
    "past ten writers the oldest entries merge into ancient-changes, under the later time",
    (server) =>
      Effect.gen(function*() {
        const { created, path } = yield* heldLease(server)
        yield* server.untilTheNextSecond
        const writers = ["b", "c", "d", "e", "f", "g", "h", "i", "j", "k"]
        const labelled = yield* Effect.forEach(
          writers,
          (writer) => server.send(by(writer, path, { metadata: { labels: { [writer]: "x" } } }))
        )
        const { json } = labelled.at(-1) ?? {}
        const ancient = entriesOf(json).find((entry) => at(entry, "manager") === "ancient-changes")
        return [
          entriesOf(json).length,
          Object.keys(Object(at(ancient, "fieldsV1", "f:spec"))).length,
          String(at(ancient, "time")) > String(timesOf(created)[0])
        ]
      }),
    [10, 5, true]
  )
]

export const time: ReadonlyArray<Scenario<HttpServer>> = [
  ...microTimes,
  ...dates,
  ...managedFields,
  scenario(
    "creationTimestamp stays, generation is not kept, and the uid changes with a new Lease",
    (server) =>
      Effect.gen(function*() {
        const { name, path } = yield* heldLease(server)
        const { json: before } = yield* server.send(get(path))
        yield* server.send(remove(path))
        const recreated = yield* said(server.send(post(pathOf(server.namespace), named(name))))
        const { json: after } = yield* server.send(mergePatch(path, { metadata: { creationTimestamp: null } }))
        return [
          recreated,
          at(before, "metadata", "uid") === at(after, "metadata", "uid"),
          typeof at(after, "metadata", "creationTimestamp"),
          at(after, "metadata", "generation")
        ]
      }),
    ["201 Lease", false, "string", undefined]
  )
]
