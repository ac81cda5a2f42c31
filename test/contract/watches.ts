import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import type { Scenario, StoredLease } from "./scenario.js"
import { at, laterRenewTime, mergePatch, named, post, remove, scenario, storedLease } from "./scenario.js"
import type { Bearer, HttpServer } from "./server.js"

export const watchOf = ({ leases, name }: Pick<StoredLease, "leases" | "name">, query = "") =>
  `${leases}?watch=1&fieldSelector=metadata.name%3D${name}&timeoutSeconds=20${query}`

const events = ({ watch }: Bearer, path: string) => Stream.map(watch(path), (line): unknown => JSON.parse(line))

const collected = <A, E, R>(stream: Stream.Stream<A, E, R>) =>
  Effect.map(Stream.runCollect(stream), Chunk.toReadonlyArray)

const typeAndHolder = (event: unknown) => `${at(event, "type")} ${at(event, "object", "spec", "holderIdentity")}`

const fourThings = (server: HttpServer, { leases, name, path }: StoredLease) =>
  Effect.gen(function*() {
    yield* server.send(mergePatch(path, { spec: { holderIdentity: "b" } }))
    yield* server.send(mergePatch(path, { spec: { holderIdentity: "b" } }))
    yield* server.send(remove(path))
    yield* server.send(post(leases, named(name)))
    yield* server.send(post(leases, named(`${name}-other`)))
  })

const whatHappened = ["MODIFIED b", "DELETED b", "ADDED a"]

export const watches: ReadonlyArray<Scenario<HttpServer>> = [
  scenario(
    "a watch shows what happens as MODIFIED, DELETED and ADDED, and no-op writes not at all",
    (server) =>
      Effect.gen(function*() {
        const lease = yield* storedLease(server)
        const watched = yield* Effect.fork(
          events(server, watchOf(lease, `&resourceVersion=${lease.resourceVersion}&allowWatchBookmarks=true`)).pipe(
            Stream.filter((event) => at(event, "type") !== "BOOKMARK"),
            Stream.map(typeAndHolder),
            Stream.take(3),
            collected
          )
        )
        yield* fourThings(server, lease)
        return yield* Fiber.join(watched)
      }),
    whatHappened
  ),
  scenario("a watch resumes from a resourceVersion", (server) =>
    Effect.gen(function*() {
      const lease = yield* storedLease(server)
      yield* fourThings(server, lease)
      return yield* events(server, watchOf(lease, `&resourceVersion=${lease.resourceVersion}`)).pipe(
        Stream.map(typeAndHolder),
        Stream.take(3),
        collected
      )
    }), whatHappened),
  scenario(
    "a DELETED event has a resourceVersion of its own, later than the Lease's last",
    (server) =>
      Effect.gen(function*() {
        const lease = yield* storedLease(server)
        yield* server.send(remove(lease.path))
        const [event] = yield* events(server, watchOf(lease, `&resourceVersion=${lease.resourceVersion}`)).pipe(
          Stream.take(1),
          collected
        )
        return [
          at(event, "object", "spec", "renewTime"),
          at(event, "object", "metadata", "uid") === lease.uid,
          Number(at(event, "object", "metadata", "resourceVersion")) > Number(lease.resourceVersion)
        ]
      }),
    [laterRenewTime, true, true]
  ),
  ...["", "&resourceVersion=0"].map((query) =>
    scenario(`a watch ${query === "" ? "without resourceVersion" : "from 0"} begins with what there is, as ADDED`, (
      server: HttpServer
    ) =>
      Effect.gen(function*() {
        const lease = yield* storedLease(server)
        // The cache may lag behind the write.
        yield* server.send({ path: `${lease.path}?resourceVersion=${lease.resourceVersion}` })
        const first = yield* events(server, watchOf(lease, query)).pipe(Stream.take(1), collected)
        return first.map(typeAndHolder)
      }), ["ADDED a"])
  ),
  scenario(
    "a watch from a resourceVersion too old: HTTP 410, or HTTP 200 with an ERROR of code 410",
    (server) =>
      Effect.gen(function*() {
        const lease = yield* storedLease(server)
        const resourceVersion = yield* server.expiredResourceVersion
        const [first] = yield* events(server, watchOf(lease, `&resourceVersion=${resourceVersion}`)).pipe(
          Stream.take(1),
          collected
        )
        const status = at(first, "type") === "ERROR" ? at(first, "object") : first
        return [at(status, "kind"), at(status, "code"), at(status, "reason")]
      }),
    ["Status", 410, "Expired"]
  ),
  scenario("a watch ends after timeoutSeconds", (server) =>
    Effect.gen(function*() {
      const lease = yield* storedLease(server)
      return yield* events(
        server,
        watchOf(lease, `&resourceVersion=${lease.resourceVersion}`).replace("timeoutSeconds=20", "timeoutSeconds=1")
      ).pipe(collected, Effect.timeout("5 seconds"))
    }), []),
  scenario("a watch from a resourceVersion that is no number", (server) =>
    Effect.gen(function*() {
      const lease = yield* storedLease(server)
      const { status } = yield* server.send({ path: watchOf(lease, "&resourceVersion=abc") })
      return status
    }), 500)
]
