import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import { describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import * as Tracer from "effect/Tracer"
import * as Http from "node:http"
import type { AddressInfo } from "node:net"
import { rootCertificates } from "node:tls"
import { inspect } from "node:util"
import { gzipSync } from "node:zlib"
import { assert } from "vitest"
import { KubeApi } from "../../../src/KubeApi.js"
import * as KubeApiModule from "../../../src/KubeApi.js"
import * as KubeCredentials from "../../../src/KubeCredentials.js"
import { isKubeError } from "../../../src/KubeError.js"
import * as Logs from "../../support/logs.js"
import { eventually } from "../../support/twins.js"

const ref = { namespace: "default", name: "leader" }
const secret = "top-secret-token"

const lease = JSON.stringify({
  apiVersion: "coordination.k8s.io/v1",
  kind: "Lease",
  metadata: { ...ref, uid: "u", resourceVersion: "7" },
  spec: { holderIdentity: "me" }
})

/** The answer to a dry run at 06:00. */
const dryRun = JSON.stringify({
  apiVersion: "coordination.k8s.io/v1",
  kind: "Lease",
  metadata: {
    ...ref,
    uid: "u",
    resourceVersion: "7",
    annotations: { "kubernetes-lease/clock": "x" },
    managedFields: [{
      manager: "kubernetes-lease-clock",
      operation: "Update",
      apiVersion: "coordination.k8s.io/v1",
      time: "2026-11-22T06:00:00Z",
      fieldsType: "FieldsV1",
      fieldsV1: { "f:metadata": { "f:annotations": { "f:kubernetes-lease/clock": {} } } }
    }]
  },
  spec: { holderIdentity: "me" }
})

const deleted = JSON.stringify({ kind: "Status", apiVersion: "v1", status: "Success", details: { name: ref.name } })

/** The Lease with other metadata, as JSON text. */
const leaseWith = (metadata: string): string => lease.replace(`"metadata":{`, `"metadata":{${metadata},`)

type Handler = (request: Http.IncomingMessage, response: Http.ServerResponse) => void

/** Something that happens once. */
const signal = () => {
  let resolve = (): void => undefined
  const promise = new Promise<void>((done) => {
    resolve = done
  })
  return { promise, resolve }
}

/** Plain HTTP on loopback, to answer what no API server would. */
const serve = (handler: Handler) =>
  Effect.acquireRelease(
    Effect.async<{ readonly server: Http.Server; readonly baseUrl: string }>((resume) => {
      const server = Http.createServer(handler)
      server.listen(0, "127.0.0.1", () => {
        const { port } = server.address() as AddressInfo
        resume(Effect.succeed({ server, baseUrl: `http://127.0.0.1:${port}` }))
      })
    }),
    ({ server }) =>
      Effect.async<void>((resume) => {
        server.close(() => resume(Effect.void))
        server.closeAllConnections()
      })
  )

const transports = {
  "node:https": KubeApiModule.layer,
  fetch: Layer.provide(KubeApiModule.layerHttpClient, FetchHttpClient.layer)
}

for (const [transport, layer] of Object.entries(transports)) {
  describe(`KubeApi over ${transport}`, () => {
    const against = <A, E>(
      handler: Handler,
      use: (api: KubeApi["Type"]) => Effect.Effect<A, E>,
      token: KubeCredentials.Options["token"] = Redacted.make(secret)
    ) =>
      Effect.gen(function*() {
        const { baseUrl } = yield* serve(handler)
        return yield* Effect.flatMap(KubeApi, use).pipe(
          Effect.provide(Layer.provide(layer, KubeCredentials.layer({ baseUrl, token })))
        )
      }).pipe(Effect.scoped)

    const failingGet = (handler: Handler) => against(handler, (api) => Effect.flip(api.getLease(ref)))

    const answers = (status: number, body: string, headers: Record<string, string> = {}): Handler => (_, response) =>
      response.writeHead(status, headers).end(body)

    it.live("gives an answer with the server's own Date", () =>
      Effect.gen(function*() {
        const date = "Sun, 22 Nov 2026 06:00:00 GMT"
        const observed = yield* against(answers(200, lease, { date }), (api) => api.getLease(ref))
        assert.strictEqual(observed.serverDateMillis, Date.UTC(2026, 10, 22, 6))
        assert.strictEqual(observed.spec?.holderIdentity, "me")
      }))

    it.live("F14 R5 reads the credentials anew on 401 and repeats the request once", () =>
      Effect.gen(function*() {
        let reads = 0
        const seen: Array<string | undefined> = []
        const observed = yield* against(
          (request, response) => {
            seen.push(request.headers.authorization)
            answers(seen.length === 1 ? 401 : 200, seen.length === 1 ? "{}" : lease)(request, response)
          },
          (api) => api.getLease(ref),
          Effect.sync(() => Redacted.make(`token-${++reads}`))
        )
        assert.strictEqual(observed.metadata.resourceVersion, "7")
        assert.deepStrictEqual(seen, ["Bearer token-1", "Bearer token-2"])
      }))

    it.live("R5 a second 401 is Unauthorized", () =>
      Effect.gen(function*() {
        let requests = 0
        const error = yield* failingGet((request, response) => {
          requests++
          answers(401, "{}")(request, response)
        })
        assert.strictEqual(error._tag, "Unauthorized")
        assert.strictEqual(requests, 2)
      }))

    it.live("E2 a dry run is an unconditional merge patch of an annotation, as a manager of its own", () =>
      Effect.gen(function*() {
        const asked: Array<readonly [method: string | undefined, url: string | undefined, type: string | undefined]> =
          []
        const bodies: Array<string> = []
        const { serverDateMillis, serverTimeMillis, spec } = yield* against(
          (request, response) => {
            asked.push([request.method, request.url, request.headers["content-type"]])
            request.setEncoding("utf8").on("data", (body: string) => bodies.push(body)).on("end", () => {
              answers(200, dryRun, { date: "Sun, 22 Nov 2026 07:00:00 GMT" })(request, response)
            })
          },
          (api) => api.dryRunLease(ref)
        )
        assert.deepStrictEqual(asked, [[
          "PATCH",
          "/apis/coordination.k8s.io/v1/namespaces/default/leases/leader?dryRun=All&fieldManager=kubernetes-lease-clock",
          "application/merge-patch+json"
        ]])
        assert.match(
          bodies.join(""),
          /^\{"metadata":\{"annotations":\{"kubernetes-lease\/clock":"[-0-9a-f]{36}"\}\}\}$/
        )
        assert.strictEqual(serverTimeMillis, Date.UTC(2026, 10, 22, 6))
        assert.strictEqual(serverDateMillis, Date.UTC(2026, 10, 22, 7))
        assert.strictEqual(spec?.holderIdentity, "me")
      }))

    for (
      const [status, body, expected] of [
        [
          404,
          { reason: "NotFound", details: { kind: "leases", name: "leader" } },
          /^NotFound: .* there is no such lease/
        ],
        [409, { reason: "Conflict" }, /^Transient: /],
        [
          403,
          { reason: "Forbidden", message: `leases "leader" is forbidden: User "me" cannot patch resource "leases"` },
          /^Forbidden: .* Grant the ServiceAccount the verb "patch" on leases/
        ],
        [400, { message: "admission webhook does not support dry run" }, /^Invalid: .* does not support dry run/],
        [500, {}, /^Transient: .* status 500/]
      ] as const
    ) {
      it.live(`E2 a dry run that is answered with ${status} is ${String(expected)}`, () =>
        Effect.gen(function*() {
          const error = yield* against(
            answers(status, JSON.stringify({ kind: "Status", apiVersion: "v1", ...body })),
            (api) => Effect.flip(api.dryRunLease(ref))
          )
          assert.match(`${error._tag}: ${error.message}`, expected)
          assert.include(error.message, "Cannot ask the API server for its time by a dry run on lease default/leader: ")
        }))
    }

    it.live("E2 the version is read from /version, under the path that the API server has", () =>
      Effect.gen(function*() {
        const { baseUrl } = yield* serve((request, response) => {
          const isVersion = request.method === "GET" && request.url === "/k8s/clusters/c-1/version"
          answers(isVersion ? 200 : 404, "{\"major\":\"1\",\"minor\":\"27+\"}")(request, response)
        })
        const version = yield* Effect.flatMap(KubeApi, (api) => api.serverVersion).pipe(
          Effect.provide(Layer.provide(
            layer,
            KubeCredentials.layer({ baseUrl: `${baseUrl}/k8s/clusters/c-1/`, token: Redacted.make(secret) })
          ))
        )
        assert.deepStrictEqual(version, { major: 1, minor: 27 })
      }).pipe(Effect.scoped))

    for (
      const [status, body, expected] of [
        [200, "<html>Sign in</html>", /^Transient Decode: .* the answer is no version: /],
        [200, "{}", /^Transient Decode: .* the answer is no version: /],
        [200, "[".repeat(100_000), /^Transient Decode: .* the answer is no version: /],
        [
          403,
          JSON.stringify({ kind: "Status", message: `forbidden: User "me" cannot get path "/version"` }),
          /^Forbidden : .* the verb "get" on the path \/version; the ClusterRole system:public-info-viewer does\.$/
        ],
        [
          404,
          "{}",
          /^Transient Status: .* status 404, which is not about any lease; is the base URL that of an API server/
        ],
        [409, "{}", /^Transient Status: /],
        [503, "", /^Transient Status: .* status 503/]
      ] as const
    ) {
      it.live(`E2 ${body.slice(0, 20)} with ${status} is no version: ${String(expected)}`, () =>
        Effect.gen(function*() {
          const error = yield* against(answers(status, body), (api) => Effect.flip(api.serverVersion))
          assert.match(`${error._tag} ${"kind" in error ? error.kind : ""}: ${error.message}`, expected)
          assert.include(error.message, "Cannot read the API server's version: ")
          assert.notInclude(error.message, "*")
        }))
    }

    it.live("F31 C6 follows no redirect", () =>
      Effect.gen(function*() {
        let followed = false
        const error = yield* failingGet((request, response) => {
          if (request.url === "/elsewhere") {
            followed = true
          }
          answers(307, "", { location: "/elsewhere" })(request, response)
        })
        assert.deepInclude(error, { _tag: "Transient", status: 307 })
        assert.isFalse(followed)
      }))

    const nested = (levels: number): string => "[".repeat(levels) + "]".repeat(levels)

    /** What is no Lease of this name, whatever it says. */
    const noAnswers: Record<string, string | Uint8Array> = {
      "nothing": "",
      "half an object": "{",
      "half a Lease": lease.slice(0, -5),
      "null": "null",
      "a list": "[]",
      "a number": "7",
      "a text": `"Lease"`,
      "an empty object": "{}",
      "a Status": `{"kind":"Status","apiVersion":"v1","status":"Success"}`,
      "a page": "<html>",
      "another kind": lease.replace(`"Lease"`, `"Pod"`),
      "another version": lease.replace("/v1", "/v2"),
      "a list of leases": `{"kind":"LeaseList","apiVersion":"coordination.k8s.io/v1","items":[${lease}]}`,
      "a nest of brackets": nested(50_000),
      "a nest as an owner": lease.replace(`"me"`, nested(50_000)),
      "a nest in a field nobody knows": lease.replace(`"me"`, `"me","odd":${nested(50_000)}`),
      "a nest as managedFields": leaseWith(`"managedFields":${nested(50_000)}`),
      "half a character": Buffer.concat([
        Buffer.from(lease.slice(0, -3)),
        Buffer.of(0xc3),
        Buffer.from(lease.slice(-3))
      ]),
      "something compressed": gzipSync(lease)
    }

    it.live("F58 R3 what does not decode is Transient, for a write may have happened", () =>
      Effect.gen(function*() {
        for (const [what, body] of Object.entries(noAnswers)) {
          const requests: ReadonlyArray<(api: KubeApi["Type"]) => Effect.Effect<unknown, unknown>> = [
            (api) => api.getLease(ref),
            (api) => api.createLease({ metadata: ref, spec: {} }),
            (api) => api.patchLease(ref, { resourceVersion: "7", spec: {} }),
            (api) =>
              what === "a Status"
                ? Effect.zipRight(api.deleteLease(ref, { uid: "u", resourceVersion: "7" }), api.getLease(ref))
                : api.deleteLease(ref, { uid: "u", resourceVersion: "7" })
          ]
          const handler: Handler = (_, response) => response.writeHead(200).end(body)
          for (const request of requests) {
            const error = yield* against(handler, (api) => Effect.flip(request(api)))
            assert.deepInclude(error, { _tag: "Transient", kind: "Decode", status: 200 }, what)
            assert.isBelow(Buffer.byteLength(String(error)), 2048, what)
          }
        }
        const empty = yield* failingGet((_, response) => response.writeHead(204).end())
        assert.deepInclude(empty, { _tag: "Transient", kind: "Decode", status: 204 })
      }))

    it.live("F58 so is an event of a watch, and an error's body may be anything", () =>
      Effect.gen(function*() {
        const watching = (line: string | Uint8Array) =>
          against(
            (_, response) => response.writeHead(200).end(Buffer.concat([Buffer.from(line), Buffer.from("\n")])),
            (api) => Effect.flip(Stream.runDrain(api.watchLease(ref, { resourceVersion: "1" })))
          )
        for (const [what, body] of Object.entries(noAnswers)) {
          // A bookmark says no more than that it is of leases, and its version.
          const bookmarks = what === "another version" ? [] : ["BOOKMARK"]
          for (const type of ["ADDED", "DELETED", "ERROR", "ODD", ...bookmarks]) {
            const event = Buffer.concat([
              Buffer.from(`{"type":"${type}","object":`),
              Buffer.from(body),
              Buffer.from("}")
            ])
            assert.deepInclude(yield* watching(event), { _tag: "Transient", kind: "Decode" }, `${type} ${what}`)
          }
          const error = yield* failingGet((_, response) => response.writeHead(500).end(body))
          assert.deepInclude(error, { _tag: "Transient", kind: "Status", status: 500 }, what)
        }
      }))

    it.live("F58 a byte order mark is no fault", () =>
      Effect.gen(function*() {
        const observed = yield* against(answers(200, `\uFEFF${lease}`), (api) => api.getLease(ref))
        assert.strictEqual(observed.metadata.resourceVersion, "7")
      }))

    it.live("F59 an answer about another lease is Transient, and no evidence", () =>
      Effect.gen(function*() {
        for (const [field, mine] of [["name", "leader"], ["namespace", "default"]] as const) {
          const other = lease.replace(`"${field}":"${mine}"`, `"${field}":"other"`)
          const handler = answers(200, other)
          for (
            const request of [
              (api: KubeApi["Type"]) => api.getLease(ref),
              (api: KubeApi["Type"]) => api.createLease({ metadata: ref, spec: {} }),
              (api: KubeApi["Type"]) => api.patchLease(ref, { resourceVersion: "7", spec: {} }),
              (api: KubeApi["Type"]) => api.deleteLease(ref, { uid: "u", resourceVersion: "7" })
            ]
          ) {
            const error = yield* against(handler, (api) => Effect.flip<unknown, unknown, never>(request(api)))
            assert.deepInclude(error, { _tag: "Transient", kind: "Decode" })
            assert.match(String(error), /it is about lease (default\/other|other\/leader)/)
          }
          const event = answers(200, `{"type":"DELETED","object":${other}}`)
          const watchOne = yield* against(event, (api) =>
            Effect.exit(Stream.runDrain(api.watchLease(ref, { resourceVersion: "1" }))))
          const watchAll = yield* against(event, (api) =>
            Effect.exit(Stream.runDrain(api.watchNamespace("default", { resourceVersion: "1" }))))
          assert.strictEqual(watchOne._tag, "Failure")
          assert.strictEqual(watchAll._tag, field === "name" ? "Success" : "Failure")
        }
        const elsewhere = deleted.replace("leader", "other")
        const error = yield* against(
          answers(200, elsewhere),
          (api) =>
            Effect.flip(api.deleteLease(ref, { uid: "u", resourceVersion: "7" }))
        )
        assert.deepInclude(error, { _tag: "Transient", kind: "Decode" })
      }))

    it.live("F60 a resourceVersion that is no positive integer is Transient, for tokens come of it", () =>
      Effect.gen(function*() {
        const read = (resourceVersion: string) =>
          against(
            answers(200, lease.replace(`"resourceVersion":"7"`, `"resourceVersion":${resourceVersion}`)),
            (api) => Effect.either(api.getLease(ref))
          )
        for (
          const odd of [
            `"v1"`,
            `"0"`,
            `"-7"`,
            `"7.5"`,
            `"1e3"`,
            `"0x7"`,
            `" 7"`,
            `"٧"`,
            `""`,
            "7",
            "null",
            `"${"9".repeat(99)}"`
          ]
        ) {
          assert.strictEqual((yield* read(odd))._tag, "Left", odd)
        }
        assert.strictEqual((yield* read(`"18446744073709551616"`))._tag, "Right")
      }))

    it.live("F64 __proto__ is a key like any other", () =>
      Effect.gen(function*() {
        const observed = yield* against(
          answers(200, leaseWith(`"__proto__":{"deletionTimestamp":"2026-11-22T06:00:00Z"}`)),
          (api) => api.getLease(ref)
        )
        assert.isUndefined(observed.metadata.deletionTimestamp)
        assert.strictEqual(Object.getPrototypeOf(observed.metadata), Object.prototype)
      }))

    it.live("F62 C5 a token that an answer repeats is not shown", () =>
      Effect.gen(function*() {
        const token = "0paque-s3cr3t"
        const status = (fields: object) => JSON.stringify({ kind: "Status", apiVersion: "v1", ...fields })
        const echoes: ReadonlyArray<readonly [status: number, body: (sent: string) => string]> = [
          [200, (sent) => sent],
          [200, (sent) => lease.replace(`"Lease"`, `"${sent}"`)],
          [200, () => lease.replace(`"leader"`, `"${token}"`)],
          [401, (sent) => `no: ${sent}`],
          [403, () => status({ message: `token ${token} may not`, reason: "Forbidden" })],
          [404, (sent) => status({ reason: sent })],
          [422, (sent) => status({ details: { causes: [{ field: sent, message: sent }] } })],
          [500, (sent) => status({ reason: sent, message: "x" })],
          [502, (sent) => `upstream: ${encodeURIComponent(sent)} ${Buffer.from(token).toString("base64")}`],
          [503, () => `Authorization: Bearer&nbsp;${token}`]
        ]
        for (const [code, body] of echoes) {
          const handler: Handler = (request, response) =>
            response.writeHead(code).end(body(request.headers.authorization ?? ""))
          const error = yield* against(handler, (api) => Effect.flip(api.getLease(ref)), Redacted.make(token))
          assert.notInclude(`${error.message}${inspect(error, { depth: 9 })}${JSON.stringify(error)}`, token)
          assert.notInclude(error.message, Buffer.from(token).toString("base64"))
          const watched = yield* against(
            (request, response) =>
              response.writeHead(200).end(
                `{"type":"ERROR","object":{"code":500,"reason":"${request.headers.authorization}"}}`
              ),
            (api) => Effect.flip(Stream.runDrain(api.watchLease(ref, { resourceVersion: "1" }))),
            Redacted.make(token)
          )
          assert.notInclude(inspect(watched, { depth: 9 }), token)
        }
      }))

    it.live("F65 a watch that is refused, breaks or shows an error logs nothing of its own", () =>
      Effect.gen(function*() {
        const handlers: ReadonlyArray<Handler> = [
          answers(403, "no"),
          answers(200, "{\"type\":\"ERROR\",\"object\":{\"code\":410}}"),
          answers(200, "<html>"),
          (_, response) => response.destroy(),
          (_, response) => response.write("{", () => response.destroy())
        ]
        for (const handler of handlers) {
          // Not `Stream.runDrain`, which forks a fiber that fails itself.
          yield* against(handler, (api) =>
            Stream.toPull(api.watchLease(ref, { resourceVersion: "1" })).pipe(
              Effect.flatMap((pull) => Effect.forever(pull)),
              Effect.flip,
              Effect.scoped
            ))
        }
        assert.deepStrictEqual(yield* Effect.flatten(Logs.Logs), [])
      }).pipe(Logger.withMinimumLogLevel(LogLevel.All), Effect.provide(Logs.layer)))

    it.live("an endless body ends in Transient", () =>
      Effect.gen(function*() {
        const error = yield* failingGet((_, response) => {
          response.writeHead(200)
          const more = () => {
            while (!response.destroyed && response.write("x".repeat(65_536)));
          }
          response.on("drain", more)
          more()
        })
        assert.deepInclude(error, { _tag: "Transient", kind: "Decode" })
      }))

    it.live("F16 R5 reads Retry-After in seconds and as a date", () =>
      Effect.gen(function*() {
        const inSeconds = yield* failingGet(answers(429, "Too many requests", { "retry-after": "7" }))
        assert.deepInclude(inSeconds, { _tag: "Transient", retryAfter: Duration.seconds(7) })
        const asDate = yield* failingGet(answers(503, "", {
          date: "Sun, 22 Nov 2026 06:00:00 GMT",
          "retry-after": "Sun, 22 Nov 2026 06:00:09 GMT"
        }))
        assert.deepInclude(asDate, { _tag: "Transient", retryAfter: Duration.seconds(9) })
      }))

    it.live("a connection that breaks mid-body is Transient", () =>
      Effect.gen(function*() {
        const error = yield* failingGet((_, response) => {
          response.writeHead(200, { "content-length": "1000" })
          response.write(lease, () => response.destroy())
        })
        assert.strictEqual(error._tag, "Transient")
      }))

    it.live("F26 a delete is framed and carries its preconditions", () =>
      Effect.gen(function*() {
        let framed: string | undefined
        let body = ""
        yield* against((request, response) => {
          framed = request.headers["content-length"] ?? request.headers["transfer-encoding"]
          request.on("data", (chunk) => body += chunk).on("end", () => response.end(deleted))
        }, (api) => api.deleteLease(ref, { uid: "u", resourceVersion: "7" }))
        assert.isDefined(framed)
        assert.deepStrictEqual(JSON.parse(body), {
          kind: "DeleteOptions",
          apiVersion: "v1",
          preconditions: { uid: "u", resourceVersion: "7" }
        })
      }))

    it.live("a base URL may have a path, as a proxy's has", () =>
      Effect.gen(function*() {
        let path: string | undefined
        const { baseUrl } = yield* serve((request, response) => {
          path = request.url
          response.end(lease)
        })
        yield* Effect.flatMap(KubeApi, (api) => api.getLease(ref)).pipe(
          Effect.provide(Layer.provide(
            layer,
            KubeCredentials.layer({ baseUrl: `${baseUrl}/k8s/clusters/c-1/`, token: Redacted.make(secret) })
          ))
        )
        assert.strictEqual(path, "/k8s/clusters/c-1/apis/coordination.k8s.io/v1/namespaces/default/leases/leader")
      }).pipe(Effect.scoped))

    it.live("F17 a watch gives its events, and an ERROR event as an error", () =>
      Effect.gen(function*() {
        const events = [
          { type: "ADDED", object: JSON.parse(lease) },
          { type: "BOOKMARK", object: { kind: "Lease", metadata: { resourceVersion: "9" } } },
          { type: "DELETED", object: JSON.parse(lease) },
          { type: "ERROR", object: { kind: "Status", code: 410, reason: "Expired", message: "too old" } }
        ]
        const text = events.map((event) => JSON.stringify(event)).join("\n")
        const [seen, error] = yield* against(
          (_, response) => {
            response.write(text.slice(0, 50))
            setImmediate(() => response.end(text.slice(50)))
          },
          (api) => {
            const seen: Array<string> = []
            return api.watchLease(ref, { resourceVersion: "1" }).pipe(
              Stream.runForEach((event) => Effect.sync(() => seen.push(event._tag))),
              Effect.flip,
              Effect.map((error) => [seen, error] as const)
            )
          }
        )
        assert.deepStrictEqual(seen, ["Present", "Bookmark", "Deleted"])
        assert.deepInclude(error, { _tag: "Transient", status: 410, reason: "Expired" })
      }))

    it.live("F17 a watch that is left early closes its connection", () =>
      Effect.gen(function*() {
        const closed = signal()
        yield* against(
          (_, response) => {
            response.on("close", () => closed.resolve())
            response.write(`${JSON.stringify({ type: "ADDED", object: JSON.parse(lease) })}\n`)
          },
          (api) =>
            Effect.zipRight(
              Stream.runDrain(Stream.take(api.watchLease(ref, { resourceVersion: "1" }), 1)),
              Effect.promise(() => closed.promise)
            )
        )
      }))

    it.live("an interrupted request closes its connection", () =>
      Effect.gen(function*() {
        const arrived = signal()
        const closed = signal()
        yield* against(
          (_, response) => {
            response.on("close", () => closed.resolve())
            arrived.resolve()
          },
          (api) =>
            Effect.zipRight(
              Effect.raceFirst(Effect.exit(api.getLease(ref)), Effect.promise(() => arrived.promise)),
              Effect.promise(() => closed.promise)
            )
        )
      }))

    it.live("F30 C5 no error, span or log shows the token", () =>
      Effect.gen(function*() {
        const shown: Array<string> = []
        const spans: Array<Tracer.Span> = []
        const tracer = Tracer.make({
          context: (f) => f(),
          span: (name, parent, context, links, startTime, kind) => {
            const attributes = new Map<string, unknown>()
            const span: Tracer.Span = {
              _tag: "Span",
              name,
              spanId: String(spans.length),
              traceId: "t",
              parent,
              context,
              status: { _tag: "Started", startTime },
              attributes,
              links,
              sampled: true,
              kind,
              end: () => undefined,
              attribute: (key, value) => attributes.set(key, value),
              event: () => undefined,
              addLinks: () => undefined
            }
            spans.push(span)
            return span
          }
        })
        const handlers: ReadonlyArray<Handler> = [
          answers(200, "garbage"),
          answers(401, "{}"),
          answers(403, "{}"),
          answers(500, ""),
          (_, response) => response.destroy()
        ]
        for (const handler of handlers) {
          const exit = yield* against(handler, (api) => Effect.exit(api.getLease(ref))).pipe(Effect.withTracer(tracer))
          const error = exit._tag === "Failure" && exit.cause._tag === "Fail" ? exit.cause.error : undefined
          assert.isTrue(isKubeError(error))
          shown.push(inspect(exit, { depth: null }), JSON.stringify(exit), String(error), String(error?.stack))
        }
        shown.push(inspect(spans.map(({ attributes, name }) => [name, attributes]), { depth: null }))
        assert.isTrue(spans.some(({ name }) => name === "KubeApi.getLease"))
        assert.notInclude(shown.join(), secret)
      }))
  })
}

describe("KubeApi over node:https", () => {
  const failure = (options: KubeCredentials.Options) =>
    Effect.flatMap(KubeApi, (api) => Effect.flip(api.getLease(ref))).pipe(
      Effect.provide(Layer.provide(KubeApiModule.layer, KubeCredentials.layer(options)))
    )

  it.live("a closed port is Transient of kind Connect", () =>
    Effect.gen(function*() {
      const baseUrl = yield* Effect.scoped(Effect.map(serve(() => undefined), ({ baseUrl }) => baseUrl))
      const error = yield* failure({ baseUrl, token: Redacted.make(secret) })
      assert.deepInclude(error, { _tag: "Transient", kind: "Connect" })
    }))

  it.live("a host without TLS is Transient of kind Tls", () =>
    Effect.gen(function*() {
      const { baseUrl } = yield* serve((_, response) => response.end())
      const error = yield* failure({
        baseUrl: baseUrl.replace("http:", "https:"),
        token: Redacted.make(secret),
        caCert: rootCertificates[0]
      })
      assert.deepInclude(error, { _tag: "Transient", kind: "Tls" })
    }).pipe(Effect.scoped))

  it.live("C4 requests one after the other share a connection", () =>
    Effect.gen(function*() {
      const { baseUrl, server } = yield* serve((_, response) => response.end(lease))
      let connections = 0
      server.on("connection", () => connections++)
      yield* Effect.flatMap(KubeApi, (api) => Effect.repeatN(api.getLease(ref), 9)).pipe(
        Effect.provide(Layer.provide(
          KubeApiModule.layer,
          KubeCredentials.layer({ baseUrl, token: Redacted.make(secret) })
        ))
      )
      assert.strictEqual(connections, 1)
    }).pipe(Effect.scoped))

  /** Of one connection to this base URL, one after the other. */
  const overOne = <A, E>(baseUrl: string, use: (api: KubeApi["Type"]) => Effect.Effect<A, E>) =>
    Effect.flatMap(KubeApi, use).pipe(
      Effect.provide(
        Layer.provide(KubeApiModule.layer, KubeCredentials.layer({ baseUrl, token: Redacted.make(secret) }))
      )
    )

  const requests: Record<string, (api: KubeApi["Type"]) => Effect.Effect<unknown, unknown>> = {
    get: (api) => api.getLease(ref),
    create: (api) => api.createLease({ metadata: ref, spec: {} }),
    patch: (api) => api.patchLease(ref, { resourceVersion: "7", spec: {} }),
    delete: (api) => api.deleteLease(ref, { uid: "u", resourceVersion: "7" })
  }

  for (const [operation, request] of Object.entries(requests)) {
    it.live(`F57 ${operation}: a kept connection that is reset before it answers is replaced, once`, () =>
      Effect.gen(function*() {
        const seen: Array<string> = []
        let resets = 0
        const { baseUrl, server } = yield* serve((request, response) => {
          let body = ""
          request.on("data", (chunk) => body += chunk).on("end", () => {
            seen.push(`${request.method} ${request.url} ${body}`)
            if (resets > 0) {
              resets -= 1
              request.socket.resetAndDestroy()
            } else {
              response.end(request.method === "DELETE" ? deleted : lease)
            }
          })
        })
        let connections = 0
        server.on("connection", () => connections++)
        yield* overOne(baseUrl, (api) =>
          Effect.gen(function*() {
            // Nothing is known of a new connection: it may be the server that does not bear this request.
            resets = 1
            assert.deepInclude(yield* Effect.flip(request(api)), { _tag: "Transient", kind: "Reset" })
            assert.strictEqual(seen.length, 1)

            yield* request(api)
            resets = 1
            yield* request(api)
            assert.deepStrictEqual(new Set(seen).size, 1, "each the same")
            assert.deepStrictEqual([seen.length, connections], [4, 3])

            resets = 2
            assert.deepInclude(yield* Effect.flip(request(api)), { _tag: "Transient", kind: "Reset" })
            assert.deepStrictEqual([seen.length, connections], [6, 4])
          }))
      }).pipe(Effect.scoped))
  }

  it.live("F57 once an answer has begun, nothing is repeated", () =>
    Effect.gen(function*() {
      let count = 0
      const { baseUrl } = yield* serve((request, response) => {
        count += 1
        if (count === 1) {
          response.end(lease)
        } else {
          response.writeHead(200, { "content-length": "1000" })
          response.write("{", () => request.socket.resetAndDestroy())
        }
      })
      yield* overOne(baseUrl, (api) =>
        Effect.gen(function*() {
          yield* api.getLease(ref)
          assert.deepInclude(yield* Effect.flip(api.getLease(ref)), { _tag: "Transient", kind: "Reset" })
        }))
      assert.strictEqual(count, 2)
    }).pipe(Effect.scoped))

  it.live("F56 C4 a request that is given up takes the idle connections with it, and whoever queues gets another", () =>
    Effect.gen(function*() {
      const sockets = new Set<unknown>()
      const deaf = new Set<unknown>()
      let together = 0
      const { baseUrl } = yield* serve((request, response) => {
        sockets.add(request.socket)
        together += 1
        if (!deaf.has(request.socket)) {
          setTimeout(() => response.end(lease), 20)
        }
      })
      yield* overOne(baseUrl, (api) =>
        Effect.gen(function*() {
          const many = (count: number) =>
            Effect.all(Array.from({ length: count }, () => api.getLease(ref)), { concurrency: "unbounded" })
          yield* many(40)
          assert.strictEqual(sockets.size, 16)
          const given = (api: KubeApi["Type"]) => Effect.timeoutOption(api.getLease(ref), "500 millis")

          sockets.forEach((socket) => deaf.add(socket))
          assert.isTrue(Option.isNone(yield* given(api)))
          yield* many(16)
          assert.strictEqual(sockets.size, 32, "the other fifteen are not tried")

          sockets.forEach((socket) => deaf.add(socket))
          together = 0
          const stuck = yield* Effect.fork(many(16))
          yield* Effect.promise(() => eventually(() => together === 16))
          const [, vain] = yield* Effect.all([many(4), given(api)], { concurrency: "unbounded" })
          assert.isTrue(Option.isNone(vain), "gave up while it queued")
          yield* Fiber.interrupt(stuck)
        }))
    }).pipe(Effect.scoped))

  it.live("F56 C4 a hundred that are given up at once open no new connections", () =>
    Effect.gen(function*() {
      let isDeaf = false
      let connections = 0
      const { baseUrl, server } = yield* serve((_, response) => isDeaf || response.end(lease))
      server.on("connection", () => connections++)
      yield* overOne(baseUrl, (api) =>
        Effect.gen(function*() {
          yield* api.getLease(ref)
          isDeaf = true
          const all = yield* Effect.forEach(Array.from({ length: 100 }), () => Effect.fork(api.getLease(ref)))
          yield* Effect.sleep("200 millis")
          yield* Fiber.interruptAll(all)
          isDeaf = false
          yield* api.getLease(ref)
          assert.isAtMost(connections, 16 + 16 + 1)
        }))
    }).pipe(Effect.scoped))

  it.scopedLive("F15 C4 does not queue behind other traffic of this process", () =>
    Effect.gen(function*() {
      const { globalAgent } = Http
      const { maxSockets } = globalAgent
      globalAgent.maxSockets = 1
      yield* Effect.addFinalizer(() =>
        Effect.sync(() => {
          globalAgent.maxSockets = maxSockets
        })
      )
      const stuck = signal()
      const { baseUrl } = yield* serve((request, response) => {
        if (request.url === "/stuck") {
          return stuck.resolve()
        }
        response.end(lease)
      })
      const request = Http.get(`${baseUrl}/stuck`).on("error", () => undefined)
      yield* Effect.addFinalizer(() => Effect.sync(() => request.destroy()))
      yield* Effect.promise(() => stuck.promise)
      const observed = yield* Effect.flatMap(KubeApi, (api) => api.getLease(ref)).pipe(
        Effect.timeout("5 seconds"),
        Effect.provide(
          Layer.provide(KubeApiModule.layer, KubeCredentials.layer({ baseUrl, token: Redacted.make(secret) }))
        )
      )
      assert.strictEqual(observed.metadata.resourceVersion, "7")
    }))
})
