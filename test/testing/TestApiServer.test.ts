import { assert, describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import { X509Certificate } from "node:crypto"
import * as https from "node:https"
import { KubeApi } from "../../src/KubeApi.js"
import { MemoryServer } from "../../src/KubeApiMemory.js"
import * as TestApiServer from "../../src/testing/TestApiServer.js"
import type { RawRequest } from "./rawRequest.js"
import * as Raw from "./rawRequest.js"

const lease = (name: string) => ({ metadata: { name }, spec: { holderIdentity: "a" } })

/** As the ServiceAccount of the namespace `default`, unless told otherwise. */
const send = (request: Omit<RawRequest, "baseUrl">) =>
  Effect.flatMap(
    TestApiServer.TestApiServer,
    ({ baseUrl, caCert, token }) => Raw.send({ baseUrl, caCert, token, ...request })
  )

const create = (name: string) => send({ method: "POST", path: Raw.leases, body: lease(name) })

const statusOf = <E, R>(answer: Effect.Effect<Raw.RawAnswer, E, R>) => Effect.map(answer, ({ status }) => status)

const at = (json: unknown, ...path: ReadonlyArray<string>): unknown =>
  path.reduce<unknown>(
    (inner, key) =>
      typeof inner === "object" && inner !== null
        ? Object.entries(inner).find(([field]) => field === key)?.[1]
        : undefined,
    json
  )

const Test = TestApiServer.layer

// The network is not of the test's clock: let it have its turn.
const turn = Effect.async<void>((resume) => void setImmediate(() => resume(Effect.void)))

const eventually = <A, E, R>(effect: Effect.Effect<A, E, R>, until: (a: A) => boolean): Effect.Effect<A, E, R> =>
  Effect.flatMap(
    Effect.zipRight(turn, effect),
    (found) => until(found) ? Effect.succeed(found) : eventually(effect, until)
  )

const patchAs = (type: string, body: object) =>
  send({ method: "PATCH", path: `${Raw.leases}/a`, body, headers: { "content-type": type } })

const apply = (manager: string, holderIdentity: string, force = "") =>
  send({
    method: "PATCH",
    path: `${Raw.leases}/a?fieldManager=${manager}${force}`,
    headers: { "content-type": "application/apply-patch+yaml" },
    body: {
      apiVersion: "coordination.k8s.io/v1",
      kind: "Lease",
      metadata: { name: "a" },
      spec: { holderIdentity }
    }
  })

/** The first events of a watch, in short. */
const watch = (query: string, count: number) =>
  Effect.flatMap(
    TestApiServer.TestApiServer,
    ({ baseUrl, caCert, token }) =>
      Raw.lines({ baseUrl, caCert, token, path: `${Raw.leases}?watch=1&${query}` }).pipe(
        Stream.take(count),
        Stream.map((line): unknown => JSON.parse(line)),
        Stream.map((event) =>
          `${at(event, "type")} ${at(event, "object", "metadata", "name") ?? ""}${
            at(event, "object", "metadata", "resourceVersion") ?? ""
          }${at(event, "object", "code") ?? ""}`
        ),
        Stream.runCollect,
        Effect.map(Chunk.toReadonlyArray)
      )
  )

describe("TestApiServer", () => {
  describe("the listener", () => {
    it.scoped("has a certificate for localhost, 127.0.0.1 and ::1, far from its end", () =>
      Effect.gen(function*() {
        const { baseUrl, caCert } = yield* TestApiServer.TestApiServer
        assert.strictEqual(yield* statusOf(send({ path: "/version" })), 200)
        assert.strictEqual(
          yield* statusOf(Raw.send({ baseUrl: baseUrl.replace("127.0.0.1", "localhost"), caCert, path: "/version" })),
          200
        )
        const certificate = new X509Certificate(caCert)
        assert.strictEqual(certificate.checkIP("::1"), "::1")
        assert.strictEqual(Date.parse(certificate.validFrom), 0)
        assert.isAbove(Date.parse(certificate.validTo), Date.parse("2080-01-01"))
      }).pipe(Effect.provide(Test)))

    it.scoped("is refused by who does not know its CA", () =>
      Effect.gen(function*() {
        const { code } = yield* Effect.flip(send({ path: "/version", caCert: undefined }))
        assert.strictEqual(code, "DEPTH_ZERO_SELF_SIGNED_CERT")
      }).pipe(Effect.provide(Test)))

    it.scoped("answers with a Date by Effect's Clock", () =>
      Effect.gen(function*() {
        yield* TestClock.setTime(Date.parse("2030-01-01T00:00:00.999Z"))
        const { headers } = yield* create("a")
        assert.strictEqual(headers.date, "Tue, 01 Jan 2030 00:00:00 GMT")
        assert.strictEqual(headers["content-type"], "application/json")
      }).pipe(Effect.provide(Test)))

    it.scoped("ends every connection with its scope: idle ones, half-open ones and watches", () =>
      Effect.gen(function*() {
        const agent = new https.Agent({ keepAlive: true })
        yield* Effect.addFinalizer(() => Effect.sync(() => agent.destroy()))
        const watch = yield* Effect.scoped(Effect.gen(function*() {
          const context = yield* Layer.build(TestApiServer.layer)
          return yield* Effect.gen(function*() {
            const { baseUrl, caCert, openConnections, token } = yield* TestApiServer.TestApiServer
            const { openWatches } = yield* MemoryServer
            yield* send({ path: Raw.leases, agent })
            const fiber = yield* Effect.fork(
              Effect.exit(Stream.runDrain(Raw.lines({ baseUrl, caCert, token, path: `${Raw.leases}?watch=1` })))
            )
            yield* eventually(openWatches, (open) => open === 1)
            assert.strictEqual(yield* openConnections, 2)
            return fiber
          }).pipe(Effect.provide(context))
        }))
        assert.isTrue(Exit.isExit(yield* Fiber.join(watch)))
        yield* eventually(Effect.sync(() => Object.keys(agent.freeSockets).length), (free) => free === 0)
      }))
  })

  describe("who may what", () => {
    it.scoped("tokens: none is anonymous, an unknown, an expired and a revoked one are 401", () =>
      Effect.gen(function*() {
        const server = yield* TestApiServer.TestApiServer
        const path = `${Raw.leases}/a`
        const anonymous = yield* send({ path, token: undefined })
        assert.strictEqual(anonymous.status, 403)
        assert.include(anonymous.body, `User \\"system:anonymous\\" cannot get resource \\"leases\\"`)
        const unknown = yield* send({ path, token: "unknown" })
        assert.deepStrictEqual(unknown.json, {
          kind: "Status",
          apiVersion: "v1",
          metadata: {},
          status: "Failure",
          message: "Unauthorized",
          reason: "Unauthorized",
          code: 401
        })
        const token = yield* server.issueToken({ expiresIn: "1 hour" })
        yield* TestClock.adjust("59 minutes")
        assert.strictEqual(yield* statusOf(send({ path, token })), 404)
        yield* TestClock.adjust("1 minute")
        assert.strictEqual(yield* statusOf(send({ path, token })), 401)
        yield* server.revokeToken(server.token)
        assert.strictEqual(yield* statusOf(send({ path })), 401)
      }).pipe(Effect.provide(Test)))

    it.scoped("the default token has all rights on leases in the namespace default, and no others", () =>
      Effect.gen(function*() {
        const elsewhere = "/apis/coordination.k8s.io/v1/namespaces/elsewhere/leases"
        assert.strictEqual(yield* statusOf(create("a")), 201)
        assert.strictEqual(yield* statusOf(send({ path: Raw.leases })), 200)
        assert.strictEqual(yield* statusOf(send({ method: "DELETE", path: `${Raw.leases}/a` })), 200)
        const refused = yield* send({ method: "POST", path: elsewhere, body: lease("a") })
        assert.deepStrictEqual([refused.status, at(refused.json, "message"), at(refused.json, "details")], [
          403,
          `leases.coordination.k8s.io is forbidden: User "system:serviceaccount:default:default" cannot create resource ` +
          `"leases" in API group "coordination.k8s.io" in the namespace "elsewhere"`,
          { group: "coordination.k8s.io", kind: "leases" }
        ])
        assert.strictEqual(yield* statusOf(send({ path: "/apis/coordination.k8s.io/v1/leases" })), 403)
      }).pipe(Effect.provide(Test)))

    it.scoped("rules restrict by verb and by name; a watch needs a selector that names an allowed lease", () =>
      Effect.gen(function*() {
        const server = yield* TestApiServer.TestApiServer
        yield* create("mine")
        const token = yield* server.issueToken({
          user: "jane",
          rules: [
            { namespace: "default", verbs: ["get", "watch", "patch"], resourceNames: ["mine"] },
            { namespace: "default", verbs: ["create"] }
          ]
        })
        const rights: ReadonlyArray<readonly [request: Omit<RawRequest, "baseUrl">, status: number]> = [
          [{ path: `${Raw.leases}/mine` }, 200],
          [{ path: `${Raw.leases}/other` }, 403],
          [{ path: `${Raw.leases}/mine`, method: "PATCH", body: {} }, 200],
          [{ path: `${Raw.leases}/mine`, method: "DELETE" }, 403],
          [{ path: `${Raw.leases}/mine`, method: "PUT", body: lease("mine") }, 403],
          [{ path: Raw.leases, method: "POST", body: lease("new") }, 201],
          [{ path: Raw.leases }, 403],
          [{ path: `${Raw.leases}?watch=1&timeoutSeconds=1` }, 403],
          [{ path: `${Raw.leases}?watch=1&fieldSelector=metadata.name%3Dother` }, 403],
          [{ path: `${Raw.leases}?watch=1&fieldSelector=metadata.name%3Dmine&resourceVersion=abc` }, 500]
        ]
        for (const [request, status] of rights) {
          assert.strictEqual(
            yield* statusOf(send({ ...request, token })),
            status,
            `${request.method ?? "GET"} ${request.path}`
          )
        }
        yield* server.setRules(token, [])
        assert.strictEqual(yield* statusOf(send({ path: `${Raw.leases}/mine`, token })), 403)
      }).pipe(Effect.provide(Test)))

    it.scoped("a path that nobody knows: 404 without details for an admin, 403 for others; 405 for a wrong method", () =>
      Effect.gen(function*() {
        const { adminToken } = yield* TestApiServer.TestApiServer
        const path = "/apis/coordination.k8s.io/v1/namespaces/default/leasez/a"
        const missing = yield* send({ path, token: adminToken })
        assert.deepStrictEqual([missing.status, at(missing.json, "reason"), at(missing.json, "details")], [
          404,
          "NotFound",
          {}
        ])
        assert.strictEqual(yield* statusOf(send({ path })), 403)
        assert.strictEqual(yield* statusOf(send({ method: "PUT", path: Raw.leases, body: {} })), 405)
      }).pipe(Effect.provide(Test)))
  })

  describe("requests", () => {
    it.scoped("the writer is the first part of the User-Agent, or fieldManager", () =>
      Effect.gen(function*() {
        const server = yield* MemoryServer
        yield* send({ method: "POST", path: Raw.leases, body: lease("a"), headers: { "user-agent": "curl/8.0 (x)" } })
        yield* send({
          method: "PATCH",
          path: `${Raw.leases}/a?fieldManager=me`,
          body: { metadata: { labels: { a: "b" } } }
        })
        const stored = at(yield* server.get({ namespace: "default", name: "a" }), "metadata", "managedFields")
        assert.deepStrictEqual(Array.isArray(stored) ? stored.map((entry) => at(entry, "manager")) : undefined, [
          "curl",
          "me"
        ])
      }).pipe(Effect.provide(Test)))

    it.scoped("patch types: an unknown one is 415, a JSON patch with a failing test is 422 without details", () =>
      Effect.gen(function*() {
        yield* create("a")
        assert.strictEqual(yield* statusOf(patchAs("application/foo+json", {})), 415)
        const failed = yield* patchAs("application/json-patch+json", [{
          op: "test",
          path: "/spec/holderIdentity",
          value: "z"
        }])
        assert.deepStrictEqual([failed.status, at(failed.json, "reason"), at(failed.json, "details")], [
          422,
          "Invalid",
          {}
        ])
        const replaced = yield* patchAs("application/json-patch+json", [
          { op: "test", path: "/spec/holderIdentity", value: "a" },
          { op: "replace", path: "/spec/holderIdentity", value: "b" },
          { op: "add", path: "/metadata/labels", value: { "x/y": "z" } },
          { op: "remove", path: "/metadata/labels/x~1y" }
        ])
        assert.deepStrictEqual([replaced.status, at(replaced.json, "spec")], [200, { holderIdentity: "b" }])
      }).pipe(Effect.provide(Test)))

    it.scoped("server-side apply creates, shares a field of the same value without a time, and conflicts on another", () =>
      Effect.gen(function*() {
        assert.strictEqual(yield* statusOf(apply("one", "x")), 201)
        const shared = at((yield* apply("two", "x")).json, "metadata", "managedFields")
        assert.deepStrictEqual(
          Array.isArray(shared) ? shared.map((entry) => [at(entry, "manager"), at(entry, "time")]) : undefined,
          [["two", undefined], ["one", "1970-01-01T00:00:00Z"]]
        )
        const conflict = yield* apply("two", "y")
        assert.deepStrictEqual([conflict.status, at(conflict.json, "reason")], [409, "Conflict"])
        assert.strictEqual(at((yield* apply("two", "y", "&force=true")).json, "spec", "holderIdentity"), "y")
      }).pipe(Effect.provide(Test)))

    it.scoped("a dry run decides and changes nothing", () =>
      Effect.gen(function*() {
        yield* create("a")
        assert.strictEqual(yield* statusOf(send({ method: "DELETE", path: `${Raw.leases}/a?dryRun=All` })), 200)
        assert.strictEqual(yield* statusOf(send({ path: `${Raw.leases}/a` })), 200)
      }).pipe(Effect.provide(Test)))

    it.scoped("preconditions of a DELETE are checked", () =>
      Effect.gen(function*() {
        yield* create("a")
        const body = { kind: "DeleteOptions", apiVersion: "v1", preconditions: { uid: "foreign" } }
        assert.strictEqual(yield* statusOf(send({ method: "DELETE", path: `${Raw.leases}/a`, body })), 409)
      }).pipe(Effect.provide(Test)))

    it.scoped("but not those of a DELETE without Content-Length, whose body is no body", () =>
      Effect.gen(function*() {
        yield* create("a")
        const body = { kind: "DeleteOptions", apiVersion: "v1", preconditions: { uid: "foreign" } }
        const answer = yield* send({ method: "DELETE", path: `${Raw.leases}/a`, body, withoutContentLength: true })
        assert.deepStrictEqual([answer.status, at(answer.json, "status")], [200, "Success"])
      }).pipe(Effect.provide(Test)))

    it.scoped("bodies that are no JSON are 400, of another media type 415", () =>
      Effect.gen(function*() {
        assert.strictEqual(yield* statusOf(send({ method: "POST", path: Raw.leases, body: "hello" })), 400)
        assert.strictEqual(
          yield* statusOf(
            send({ method: "POST", path: Raw.leases, body: lease("a"), headers: { "content-type": "text/plain" } })
          ),
          415
        )
      }).pipe(Effect.provide(Test)))
  })

  describe("watches", () => {
    const opened = Effect.flatMap(
      MemoryServer,
      ({ openWatches }) => eventually(openWatches, (open) => open > 0)
    )

    it.scoped("stream events of the selected lease as they come, and bookmarks to who asks", () =>
      Effect.gen(function*() {
        const server = yield* MemoryServer
        yield* create("a")
        const events = yield* Effect.fork(
          watch("fieldSelector=metadata.name%3Da&resourceVersion=2&allowWatchBookmarks=true", 3)
        )
        yield* opened
        yield* create("b")
        yield* send({ method: "PATCH", path: `${Raw.leases}/a`, body: { spec: { holderIdentity: "b" } } })
        yield* server.sendBookmarks
        yield* send({ method: "DELETE", path: `${Raw.leases}/a` })
        assert.deepStrictEqual(yield* Fiber.join(events), ["MODIFIED a4", "BOOKMARK 4", "DELETED a5"])
      }).pipe(Effect.provide(Test)))

    it.scoped("without a resourceVersion they begin with what there is, and end after timeoutSeconds", () =>
      Effect.gen(function*() {
        yield* create("a")
        const events = yield* Effect.fork(watch("timeoutSeconds=5", 100))
        yield* opened
        yield* TestClock.adjust("5 seconds")
        assert.deepStrictEqual(yield* Fiber.join(events), ["ADDED a2"])
      }).pipe(Effect.provide(Test)))

    it.scoped("from before a compaction: an ERROR event of code 410", () =>
      Effect.gen(function*() {
        const server = yield* MemoryServer
        yield* create("a")
        yield* create("b")
        yield* server.compact
        assert.deepStrictEqual(yield* watch("resourceVersion=2", 1), ["ERROR 410"])
      }).pipe(Effect.provide(Test)))

    it.scoped("or status 410", () =>
      Effect.gen(function*() {
        const server = yield* MemoryServer
        yield* create("a")
        yield* create("b")
        yield* server.compact
        assert.strictEqual(yield* statusOf(send({ path: `${Raw.leases}?watch=1&resourceVersion=2` })), 410)
      }).pipe(Effect.provide(TestApiServer.layerWith({ expiredWatch: "status" }))))
  })

  it.scoped("the library's own KubeApi speaks with it", () =>
    Effect.gen(function*() {
      const api = yield* KubeApi
      const ref = { namespace: "default", name: "a" }
      const { metadata: { resourceVersion, uid = "" } } = yield* api.createLease({
        metadata: ref,
        spec: { holderIdentity: "a" }
      })
      const event = yield* Effect.fork(Stream.runHead(api.watchLease(ref, { resourceVersion })))
      const patched = yield* api.patchLease(ref, { resourceVersion, spec: { holderIdentity: "b" } })
      assert.strictEqual((yield* Fiber.join(event))._tag, "Some")
      yield* api.deleteLease(ref, { uid, resourceVersion: patched.metadata.resourceVersion })
    }).pipe(Effect.provide(Layer.provideMerge(TestApiServer.layerKubeApi, Test))))
})
