import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import { describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import * as Tracer from "effect/Tracer"
import * as Http from "node:http"
import type { AddressInfo } from "node:net"
import { rootCertificates } from "node:tls"
import { inspect } from "node:util"
import { assert } from "vitest"
import { KubeApi } from "../src/KubeApi.js"
import * as KubeApiModule from "../src/KubeApi.js"
import * as KubeCredentials from "../src/KubeCredentials.js"
import { isKubeError } from "../src/KubeError.js"

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
          { reason: "Forbidden" },
          /^Forbidden: .* forbidden\. Grant the ServiceAccount the verb "patch" on leases/
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
        [200, "<html>Sign in</html>", /^Transient Decode: .* the answer is no version$/],
        [200, "{}", /^Transient Decode: .* the answer is no version$/],
        [200, "[".repeat(100_000), /^Transient Decode: .* the answer is no version$/],
        [
          403,
          "{}",
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

    it.live("what does not decode is Transient, for a write may have happened", () =>
      Effect.gen(function*() {
        for (const body of ["", "{", "null", "[]", "{\"kind\":\"Status\"}", "<html>"]) {
          const error = yield* failingGet(answers(200, body))
          assert.deepInclude(error, { _tag: "Transient", kind: "Decode", status: 200 }, body)
        }
      }))

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
          request.on("data", (chunk) => body += chunk).on("end", () => response.end("{}"))
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
