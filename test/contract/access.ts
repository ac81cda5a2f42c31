import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { Scenario } from "./scenario.js"
import { at, failed, get, mergePatch, named, post, put, remove, said, scenario, storedLease } from "./scenario.js"
import type { HttpServer } from "./server.js"
import { freshName } from "./server.js"
import { watchOf } from "./watches.js"

const saidToToken = (token: string | undefined) => (server: HttpServer) =>
  Effect.gen(function*() {
    const { path } = yield* storedLease(server)
    const { send } = yield* server.withToken(token)
    return yield* said(send(get(path)))
  })

export const access: ReadonlyArray<Scenario<HttpServer>> = [
  scenario("a bad token", saidToToken("made-up"), "401 Unauthorized"),
  scenario("no token is anonymous", saidToToken(undefined), "403 Forbidden leases"),
  scenario("KubeApi with a bad token fails with Unauthorized", (server) =>
    Effect.gen(function*() {
      const { api } = yield* server.withToken("made-up")
      return yield* failed(api.getLease({ namespace: server.namespace, name: "any" }))
    }), "Unauthorized 401 Unauthorized"),
  scenario("403 names user, verb, resource and namespace", (server) =>
    Effect.gen(function*() {
      const { leases, namespace } = yield* storedLease(server)
      const { api, send } = yield* server.withRules([{ verbs: ["get"] }])
      const { json } = yield* send(post(leases, named(freshName())))
      const message = String(at(json, "message"))
      return [
        message.replaceAll(/"system:serviceaccount:[^"]*"/g, "USER").replaceAll(`"${namespace}"`, "NAMESPACE"),
        at(json, "details"),
        yield* failed(api.createLease({ metadata: { namespace, name: "any" }, spec: {} }))
      ]
    }), [
    "leases.coordination.k8s.io is forbidden: User USER cannot create resource \"leases\" in API group "
    + "\"coordination.k8s.io\" in the namespace NAMESPACE",
    { group: "coordination.k8s.io", kind: "leases" },
    "Forbidden 403 Forbidden"
  ]),
  scenario("403 on one Lease names it", (server) =>
    Effect.gen(function*() {
      const { name, path } = yield* storedLease(server)
      const { send } = yield* server.withRules([{ verbs: ["create"] }])
      const { json } = yield* send(get(path))
      return [
        String(at(json, "message")).startsWith(`leases.coordination.k8s.io "${name}" is forbidden`),
        at(json, "details", "name") === name
      ]
    }), [true, true]),
  scenario(
    "an unknown path is 403 to who has no right to it",
    (server) => said(server.send(get(`/apis/coordination.k8s.io/v1/namespaces/${server.namespace}/nothing`))),
    "403 Forbidden nothing"
  ),
  scenario(
    "one resourceNames entry is enough for all but create; list is not needed for a watch of that Lease",
    (server) =>
      Effect.gen(function*() {
        const lease = yield* storedLease(server)
        const other = yield* storedLease(server)
        const { send, watch } = yield* server.withRules([
          { verbs: ["get", "watch", "patch", "update", "delete", "create"], resourceNames: [lease.name] }
        ])
        const watched = (path: string) =>
          watch(path).pipe(
            Stream.map((line): unknown => JSON.parse(line)),
            Stream.map((event) => at(event, "type") ?? at(event, "code")),
            Stream.take(1),
            Stream.runCollect,
            Effect.map(Chunk.toReadonlyArray)
          )
        return [
          yield* said(send(get(lease.path))),
          yield* said(send(get(other.path))),
          yield* said(send(mergePatch(lease.path, {}))),
          yield* said(send(mergePatch(other.path, {}))),
          yield* said(send(put(other.path, named(other.name)))),
          yield* watched(watchOf(lease)),
          yield* watched(watchOf(other)),
          yield* watched(`${lease.leases}?watch=1&timeoutSeconds=1`),
          yield* said(send(get(lease.leases))),
          yield* said(send(remove(other.path))),
          yield* said(send(remove(lease.path))),
          yield* said(send(post(lease.leases, named(lease.name))))
        ]
      }),
    [
      "200 Lease",
      "403 Forbidden leases",
      "200 Lease",
      "403 Forbidden leases",
      "403 Forbidden leases",
      ["ADDED"],
      [403],
      [403],
      "403 Forbidden leases",
      "403 Forbidden leases",
      "200 Success leases",
      "403 Forbidden leases"
    ]
  )
]
