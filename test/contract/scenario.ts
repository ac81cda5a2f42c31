import type { Vitest } from "@effect/vitest"
import { assert } from "@effect/vitest"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { KubeError } from "../../src/KubeError.js"
import type { Observed, ServerVersion } from "../../src/LeaseObject.js"
import type { RawAnswer } from "../testing/rawRequest.js"
import type { HttpServer, Request, Server } from "./server.js"
import { freshName } from "./server.js"

/** A fact, what shows it, and what it shows on every server. */
export interface Scenario<S> {
  readonly fact: string
  readonly outcome: (server: S) => Effect.Effect<unknown, unknown, Scope.Scope>
  readonly expected: (version: ServerVersion) => unknown
}

export const scenario = <S extends Server>(
  fact: string,
  outcome: Scenario<S>["outcome"],
  expected: unknown
): Scenario<S> => ({ fact, outcome, expected: () => expected })

/** A fact that is another one before some minor version of Kubernetes 1. */
export const scenarioSince = <S extends Server>(
  minor: number,
  fact: string,
  outcome: Scenario<S>["outcome"],
  expected: { readonly since: unknown; readonly before: unknown }
): Scenario<S> => ({
  fact,
  outcome,
  expected: (version) => version.minor >= minor ? expected.since : expected.before
})

/** One request about a Lease that has been written twice, and what is said to it. */
export const answer = (
  fact: string,
  request: (lease: StoredLease) => Request,
  expected: string
): Scenario<HttpServer> =>
  scenario(
    fact,
    (server) => Effect.flatMap(storedLease(server), (lease) => said(server.send(request(lease)))),
    expected
  )

export const runAll = <I, S extends Server>(
  it: Vitest.MethodsNonLive<I, true>,
  server: Context.Tag<I, S>,
  scenarios: ReadonlyArray<Scenario<S>>
): void => {
  for (const { expected, fact, outcome } of scenarios) {
    it.scoped(
      fact,
      () =>
        Effect.flatMap(
          server,
          (server) =>
            Effect.map(
              Effect.all([Effect.timeout(outcome(server), "20 seconds"), server.api.serverVersion]),
              ([actual, version]) => assert.deepStrictEqual(actual, expected(version))
            )
        )
    )
  }
}

/** A Lease of a scenario's own. */
export interface StoredLease {
  readonly name: string
  readonly namespace: string
  /** Of the Lease. */
  readonly path: string
  /** Of the namespace's Leases. */
  readonly leases: string
  readonly uid: string
  readonly resourceVersion: string
  readonly staleResourceVersion: string
}

export const pathOf = (namespace: string) => `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`

export const renewTime = "2026-11-22T06:00:00.123456Z"
export const laterRenewTime = "2026-11-22T06:00:10.123456Z"

export const named = (name: string, metadata: object = {}, spec: object = {}) => ({
  apiVersion: "coordination.k8s.io/v1",
  kind: "Lease",
  metadata: { name, ...metadata },
  spec: {
    holderIdentity: "a",
    leaseDurationSeconds: 30,
    acquireTime: renewTime,
    renewTime,
    leaseTransitions: 0,
    ...spec
  }
})

export const storedLease = Effect.fnUntraced(function*(server: HttpServer) {
  const name = freshName()
  const leases = pathOf(server.namespace)
  const path = `${leases}/${name}`
  const created = yield* server.send(post(leases, named(name)))
  const patched = yield* server.send(mergePatch(path, { spec: { renewTime: laterRenewTime } }))
  return {
    name,
    namespace: server.namespace,
    path,
    leases,
    uid: String(at(patched.json, "metadata", "uid")),
    resourceVersion: String(at(patched.json, "metadata", "resourceVersion")),
    staleResourceVersion: String(at(created.json, "metadata", "resourceVersion"))
  } satisfies StoredLease
})

export const get = (path: string): Request => ({ path })
export const post = (path: string, body: object): Request => ({ method: "POST", path, body })
export const put = (path: string, body: object): Request => ({ method: "PUT", path, body })
export const mergePatch = (path: string, body: object, headers: Request["headers"] = {}): Request => ({
  method: "PATCH",
  path,
  body,
  headers
})
export const patchOfType = (type: string, path: string, body: object): Request =>
  mergePatch(path, body, { "content-type": type })
export const remove = (path: string, preconditions?: object): Request => ({
  method: "DELETE",
  path,
  ...(preconditions === undefined ? {} : { body: { kind: "DeleteOptions", apiVersion: "v1", preconditions } })
})

/** Status, reason or kind, `details.kind` and the fields of `details.causes`. */
export const said = <E, R>(answered: Effect.Effect<RawAnswer, E, R>): Effect.Effect<string, E, R> =>
  Effect.map(answered, ({ json, status }) => {
    const causes = at(json, "details", "causes")
    return words(
      status,
      at(json, "reason") ?? (at(json, "kind") === "Status" ? at(json, "status") : at(json, "kind")),
      at(json, "details", "kind"),
      ...(Array.isArray(causes) ? causes.map((cause) => at(cause, "field")) : [])
    )
  })

/** A value within each answer. */
export const seen = <E, R>(
  answered: Effect.Effect<RawAnswer, E, R>,
  ...path: ReadonlyArray<string>
): Effect.Effect<unknown, E, R> => Effect.map(answered, ({ json }) => at(json, ...path))

/** Tag, status, reason and what else the error tells. */
export const failed = <A, R>(attempt: Effect.Effect<A, KubeError, R>): Effect.Effect<string, A, R> =>
  Effect.map(Effect.flip(attempt), (error) =>
    words(
      error._tag,
      "status" in error ? error.status : undefined,
      "reason" in error ? error.reason : undefined,
      "kind" in error ? error.kind : undefined,
      ...("causes" in error ? error.causes.map(({ field }) => field) : [])
    ))

export const uidOf = ({ metadata }: Observed): string => metadata.uid ?? ""

const words = (...parts: ReadonlyArray<unknown>): string => parts.filter((part) => part !== undefined).join(" ")

/** The value at a path of a JSON value. */
export const at = (json: unknown, ...path: ReadonlyArray<string>): unknown =>
  path.reduce<unknown>(
    (inner, key) =>
      typeof inner === "object" && inner !== null
        ? Object.entries(inner).find(([field]) => field === key)?.[1]
        : undefined,
    json
  )
