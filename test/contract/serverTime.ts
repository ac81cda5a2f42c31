import { assert } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { LeaseObject, LeasePatch, LeaseRef } from "../../src/LeaseObject.js"
import { MicroTime } from "../../src/LeaseObject.js"
import type { Scenario } from "./scenario.js"
import {
  at,
  failed,
  get,
  laterRenewTime,
  mergePatch,
  pathOf,
  said,
  scenario,
  scenarioSince,
  seen,
  storedLease
} from "./scenario.js"
import type { HttpServer } from "./server.js"
import { freshName } from "./server.js"

const acquireTime = MicroTime(1_795_327_200_123_456n)

/** A Lease that `KubeApi` has created for a holder, and the writes of its users, who all are one manager to the server. */
const heldLease = Effect.fnUntraced(function*({ api, namespace }: HttpServer) {
  const ref = { namespace, name: freshName() }
  const created = yield* api.createLease({
    metadata: ref,
    spec: { holderIdentity: "a", leaseDurationSeconds: 30, acquireTime, renewTime: acquireTime, leaseTransitions: 0 }
  })
  const write = (over: LeaseObject, spec: LeasePatch["spec"]) =>
    api.patchLease(ref, { resourceVersion: over.metadata.resourceVersion, spec })
  const renew = (over: LeaseObject) =>
    write(over, { renewTime: MicroTime((over.spec?.renewTime ?? acquireTime) + 1n), leaseDurationSeconds: 30 })
  return { ref, path: `${pathOf(namespace)}/${ref.name}`, created, write, renew }
})

/** When the server says that a field of the spec was last written, per entry that owns one. */
const specTimes = (json: unknown): ReadonlyArray<number> =>
  entriesOf(json)
    .filter((entry) => at(entry, "fieldsV1", "f:spec") !== undefined)
    .map((entry) => Date.parse(String(at(entry, "time"))))

const entriesOf = (json: unknown): ReadonlyArray<unknown> => {
  const entries = at(json, "metadata", "managedFields")
  return Array.isArray(entries) ? entries : []
}

/** Whether an instant in whole seconds, rounded down, lies between two. */
const isWithin = (millis: number, startMillis: number, endMillis: number): boolean =>
  millis > startMillis - 1000 && millis <= endMillis && millis % 1000 === 0

/** The server's present as its `Date` tells it, for here no proxy stands between. */
const presentOf = ({ api }: HttpServer, ref: LeaseRef) =>
  Effect.map(api.getLease(ref), ({ serverDateMillis = NaN }) => serverDateMillis)

/** Whether a dry run on a Lease tells the server's present. */
const tellsPresent = (server: HttpServer, ref: LeaseRef) =>
  Effect.gen(function*() {
    const start = yield* presentOf(server, ref)
    const { serverTimeMillis = NaN } = yield* server.api.dryRunLease(ref)
    return start <= serverTimeMillis && serverTimeMillis <= (yield* presentOf(server, ref))
  })

const stamps: ReadonlyArray<Scenario<HttpServer>> = [
  scenario(
    "E2 on a create, creationTimestamp and the writer's entry are the server's present",
    (server) =>
      Effect.gen(function*() {
        const startMillis = yield* Clock.currentTimeMillis
        const { created } = yield* heldLease(server)
        const endMillis = yield* Clock.currentTimeMillis
        return [Date.parse(created.metadata.creationTimestamp ?? ""), ...specTimes(created)].map((millis) =>
          isWithin(millis, startMillis, endMillis)
        )
      }),
    [true, true]
  ),
  ...([
    ["renewal", ({ renewTime }) => ({ renewTime }), "kept"],
    ["take by the next process", ({ renewTime }) => ({ holderIdentity: "b", renewTime, leaseTransitions: 1 }), "kept"],
    ["clear", ({ renewTime }) => ({ holderIdentity: "", leaseDurationSeconds: 1, renewTime }), "kept"],
    ["write that takes a field away", ({ renewTime }) => ({ renewTime, acquireTime: null }), "moved"]
  ] as const satisfies ReadonlyArray<
    readonly [string, (times: { readonly renewTime: MicroTime }) => LeasePatch["spec"], "kept" | "moved"]
  >).map(([what, spec, before]) =>
    scenarioSince<HttpServer>(
      25,
      `E2 T6 a ${what} under the same manager moves its entry's time to the present${
        before === "kept" ? ", before 1.25 it does not" : ", also before 1.25"
      }`,
      (server) =>
        Effect.gen(function*() {
          const { created, write } = yield* heldLease(server)
          yield* server.untilTheNextSecond
          const sent = yield* presentOf(server, created.metadata)
          const written = yield* write(created, spec({ renewTime: MicroTime(acquireTime + 1n) }))
          const [time = NaN] = specTimes(written)
          const isPresent = sent <= time && time <= (written.serverDateMillis ?? NaN)
          return time === specTimes(created)[0] ? "kept" : isPresent ? "moved" : time
        }),
      { since: "moved", before }
    )
  ),
  scenario(
    "E2 a renewal of what another manager has written is dated, on any server",
    (server) =>
      Effect.gen(function*() {
        const { created, path, ref, renew } = yield* heldLease(server)
        yield* server.send(mergePatch(`${path}?fieldManager=other`, { spec: { renewTime: laterRenewTime } }))
        yield* server.untilTheNextSecond
        const edited = yield* server.api.getLease(ref)
        const renewed = yield* renew(edited)
        const time = Math.max(...specTimes(renewed))
        return [
          Math.max(...specTimes(created)) < time,
          (edited.serverDateMillis ?? NaN) <= time,
          time <= (renewed.serverDateMillis ?? NaN)
        ]
      }),
    [true, true, true]
  )
]

const dryRuns: ReadonlyArray<Scenario<HttpServer>> = [
  scenario("E2 each dry run tells the server's present", (server) =>
    Effect.gen(function*() {
      const { created, ref } = yield* heldLease(server)
      const first = yield* tellsPresent(server, ref)
      yield* server.untilTheNextSecond
      const second = yield* tellsPresent(server, ref)
      const { serverTimeMillis = NaN } = yield* server.api.dryRunLease(ref)
      return [first, second, serverTimeMillis > Math.max(...specTimes(created))]
    }), [true, true, true]),
  scenario(
    "E2 a dry run of one's own: the time stands in the entry of its manager, and its annotation only in its answer",
    (server) =>
      Effect.gen(function*() {
        const { path, resourceVersion } = yield* storedLease(server)
        const dryRun = mergePatch(`${path}?dryRun=All&fieldManager=clock`, {
          metadata: { annotations: { "example.com/now": "x" } }
        })
        const { headers: { date: sent = "" } } = yield* server.send(get(path))
        const { headers: { date: answered = "" }, json, status } = yield* server.send(dryRun)
        const entry = entriesOf(json).find((entry) => at(entry, "manager") === "clock")
        const time = Date.parse(String(at(entry, "time")))
        const stored = yield* server.send(get(path))
        return [
          status,
          at(json, "metadata", "annotations", "example.com/now"),
          at(json, "metadata", "resourceVersion") === resourceVersion,
          at(entry, "operation"),
          new Set(Object.keys(Object(at(entry, "fieldsV1", "f:metadata", "f:annotations")))),
          Date.parse(sent) <= time && time <= Date.parse(answered),
          at(stored.json, "metadata", "resourceVersion") === resourceVersion,
          stored.body.includes("example.com/now")
        ]
      }),
    [200, "x", true, "Update", new Set([".", "f:example.com/now"]), true, true, false]
  ),
  scenario("E2 a dry run is seen by no watch", (server) =>
    Effect.gen(function*() {
      const { created, ref, renew } = yield* heldLease(server)
      yield* server.api.dryRunLease(ref)
      yield* renew(created)
      const events = yield* server.api.watchLease(ref, created.metadata).pipe(Stream.take(1), Stream.runCollect)
      return Chunk.toReadonlyArray(events).map((event) =>
        event._tag === "Present" && event.lease.spec?.renewTime === acquireTime + 1n
      )
    }), [true]),
  ...([
    [
      "of another's manager",
      ({ path }) => mergePatch(`${path}?fieldManager=other`, { spec: { renewTime: laterRenewTime } })
    ],
    [
      "with a label that an admin has put on it",
      ({ path }) => mergePatch(`${path}?fieldManager=kubectl`, { metadata: { labels: { app: "x" } } })
    ],
    [
      "with annotations",
      ({ path }) =>
        mergePatch(`${path}?fieldManager=kubectl`, { metadata: { annotations: { "example.com/note": "x" } } })
    ],
    ["that is free", ({ path }) => mergePatch(path, { spec: { holderIdentity: "" } })],
    ["that a finalizer holds", ({ path }) => mergePatch(path, { metadata: { finalizers: ["example.com/keep"] } })]
  ] as const satisfies ReadonlyArray<readonly [string, (lease: { path: string }) => ReturnType<typeof mergePatch>]>)
    .map(([which, edit]) =>
      scenario<HttpServer>(
        `E2 a dry run on a record ${which} tells the time as well`,
        (server) =>
          Effect.gen(function*() {
            const { path, ref } = yield* heldLease(server)
            const { status } = yield* server.send(edit({ path }))
            const outcome = [status, yield* tellsPresent(server, ref)]
            yield* server.send(mergePatch(path, { metadata: { finalizers: null } }))
            return outcome
          }),
        [200, true]
      )
    ),
  scenario("E2 a dry run on a record of ten managers tells the time as well", (server) =>
    Effect.gen(function*() {
      const { path, ref } = yield* heldLease(server)
      yield* Effect.forEach(
        ["b", "c", "d", "e", "f", "g", "h", "i", "j", "k"],
        (writer) =>
          server.send(mergePatch(`${path}?fieldManager=${writer}`, { metadata: { labels: { [writer]: "x" } } }))
      )
      yield* server.untilTheNextSecond
      return yield* tellsPresent(server, ref)
    }), true),
  scenario("E2 a dry run on a record whose tracking has been ended tells no time", (server) =>
    Effect.gen(function*() {
      const { path, ref } = yield* heldLease(server)
      yield* server.send(mergePatch(path, { metadata: { managedFields: [{}] } }))
      const { serverTimeMillis, spec } = yield* server.api.dryRunLease(ref)
      return [serverTimeMillis, spec?.holderIdentity]
    }), [undefined, "a"]),
  scenario("E2 a dry run needs the verb patch", (server) =>
    Effect.gen(function*() {
      const { ref } = yield* heldLease(server)
      const without = yield* server.withRules([{ verbs: ["get", "list", "watch", "create", "update", "delete"] }])
      const only = yield* server.withRules([{ verbs: ["patch"], resourceNames: [ref.name] }])
      const error = yield* Effect.flip(without.api.dryRunLease(ref))
      assert.include(error.message, "Grant the ServiceAccount the verb \"patch\"")
      const { serverTimeMillis } = yield* only.api.dryRunLease(ref)
      return [yield* failed(without.api.dryRunLease(ref)), typeof serverTimeMillis]
    }), ["Forbidden 403 Forbidden", "number"]),
  scenario("E2 a dry run is never a conflict, whoever writes at the same time", (server) =>
    Effect.gen(function*() {
      const { path, ref } = yield* heldLease(server)
      const writers = ["b", "c", "d", "e", "f", "g", "h", "i"]
      return yield* Effect.forEach(
        writers,
        (holderIdentity) =>
          Effect.zipRight(
            server.send(mergePatch(path, { spec: { holderIdentity } })),
            Effect.map(server.api.dryRunLease(ref), ({ serverTimeMillis }) => typeof serverTimeMillis)
          ),
        { concurrency: "unbounded" }
      )
    }), Array.from({ length: 8 }, () => "number"))
]

const versions: ReadonlyArray<Scenario<HttpServer>> = [
  scenario(
    "E2 whoever has any rights on leases, and no other, may ask for the version",
    (server) =>
      Effect.gen(function*() {
        const { api, send } = yield* server.withRules([{ verbs: ["get"], resourceNames: ["one"] }])
        const { major, minor } = yield* api.serverVersion
        return [
          (yield* send(get("/version"))).status,
          String(yield* seen(send(get("/version")), "major")) === String(major),
          Number.parseInt(String(yield* seen(send(get("/version")), "minor"))) === minor
        ]
      }),
    [200, true, true]
  ),
  scenario("a bad token learns no version", (server) =>
    Effect.gen(function*() {
      const { api, send } = yield* server.withToken("made-up")
      const error = yield* Effect.flip(api.serverVersion)
      assert.match(error.message, /^Cannot read the API server's version: /)
      return [yield* said(send(get("/version"))), error._tag]
    }), ["401 Unauthorized", "Unauthorized"])
]

/** What the judgement of a record at first look rests on. */
export const serverTime: ReadonlyArray<Scenario<HttpServer>> = [...stamps, ...dryRuns, ...versions]
