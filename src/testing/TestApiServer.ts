/**
 * An API server for tests that speaks HTTPS on loopback: the semantics of `KubeApiMemory` with bearer tokens, roles,
 * streaming watches and the faults of a wire. No Docker, no cluster; `kubectl get lease` works against it.
 *
 * With Promises:
 *
 * ```ts
 * await using server = await TestApiServer.start()
 * const lease = new KubernetesLease({
 *   name: "leader", namespace: "default", owner: "me", ttlMs: 30_000,
 *   apiBaseUrl: server.apiBaseUrl, caCert: server.caCert, serviceAccountToken: server.serviceAccountToken
 * })
 * ```
 *
 * With Effect:
 *
 * ```ts
 * const Test = LeaseService.layer.pipe(
 *   Layer.provide(TestApiServer.layerKubeApi),
 *   Layer.provideMerge(TestApiServer.layer)
 * )
 * ```
 *
 * For tests only: its certificate and private key are in this package, so trust it nowhere else.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import { makeMemoryServer, settingsFrom } from "../internal/memory/memoryServer.js"
import * as KubeApi from "../KubeApi.js"
import type * as KubeApiMemory from "../KubeApiMemory.js"
import { MemoryServer } from "../KubeApiMemory.js"
import * as KubeCredentials from "../KubeCredentials.js"
import type { Behaviour, WireBehaviour } from "./Behaviour.js"
import type { Call, Fault } from "./Fault.js"
import type { Rule } from "./internal/accounts.js"
import { certificate } from "./internal/testCertificate.js"
import * as TestServers from "./internal/testServer.js"

export type { Rule } from "./internal/accounts.js"
export { type RunningTestApiServer, start } from "./internal/start.js"

/**
 * Whom a token belongs to and what it may do.
 *
 * @since 0.1.0
 * @category models
 */
export interface TokenOptions {
  /** As messages name it. Default: `"system:serviceaccount:default:default"`. */
  readonly user?: string | undefined
  /** Default: all rights on Leases in the namespace `default`. */
  readonly rules?: ReadonlyArray<Rule> | undefined
  /** By Effect's `Clock`. Default: never. */
  readonly expiresIn?: Duration.DurationInput | undefined
}

/**
 * A server that listens on 127.0.0.1. `MemoryServer`, which the same layer provides, is its other end: objects as
 * JSON, compaction, bookmarks, its clock.
 *
 * @since 0.1.0
 * @category services
 */
export class TestApiServer extends Context.Tag("kubernetes-lease/testing/TestApiServer")<TestApiServer, {
  /** `https://127.0.0.1:port`; the certificate is also valid for `localhost` and `[::1]`. */
  readonly baseUrl: string
  /** PEM. */
  readonly caCert: string
  /** All rights on Leases in the namespace `default`. */
  readonly token: string
  /** All rights. */
  readonly adminToken: string
  readonly issueToken: (options?: TokenOptions) => Effect.Effect<string>
  /** From now on the token is answered with 401. */
  readonly revokeToken: (token: string) => Effect.Effect<void>
  /** Replaces what a token may do. */
  readonly setRules: (token: string, rules: ReadonlyArray<Rule>) => Effect.Effect<void>
  /**
   * From now on until the scope closes. Several faults compose: a request meets them in the order of their injection,
   * up to one that answers in the server's place. `Connect`, `Tls` and `Reset` are all resets here.
   */
  readonly inject: (fault: Fault<Behaviour> | Fault<WireBehaviour>) => Effect.Effect<void, never, Scope.Scope>
  /** Takes every fault away. */
  readonly clearFaults: Effect.Effect<void>
  /** Resets every connection, watches among them. */
  readonly resetConnections: Effect.Effect<void>
  readonly openConnections: Effect.Effect<number>
  /** The requests for Leases and for the version so far, oldest first, befallen or not; the latest 10,000. */
  readonly calls: Effect.Effect<ReadonlyArray<Call>>
}>() {}

/**
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  options: KubeApiMemory.Options = {}
): Effect.Effect<Context.Context<TestApiServer | MemoryServer>, never, Scope.Scope> =>
  Effect.map(TestServers.make(settingsFrom(options)), (server) =>
    Context.make(TestApiServer, service(server)).pipe(
      Context.add(MemoryServer, makeMemoryServer(server.api))
    ))

/**
 * A server of its own for each build of the layer, in which every namespace exists. Closing the scope ends every
 * connection.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<TestApiServer | MemoryServer> = Layer.suspend(() => layerWith({}))

/**
 * @since 0.1.0
 * @category layers
 */
export const layerWith = (options: KubeApiMemory.Options): Layer.Layer<TestApiServer | MemoryServer> =>
  Layer.scopedContext(make(options))

/**
 * The way to the server with its `token`.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerCredentials: Layer.Layer<KubeCredentials.KubeCredentials, never, TestApiServer> = Layer.unwrapEffect(
  Effect.map(
    TestApiServer,
    ({ baseUrl, caCert, token }) => Layer.orDie(KubeCredentials.layer({ baseUrl, caCert, token: Redacted.make(token) }))
  )
)

/**
 * `KubeApi` over HTTPS to the server, with its `token`.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerKubeApi: Layer.Layer<KubeApi.KubeApi, never, TestApiServer> = Layer.provide(
  KubeApi.layer,
  layerCredentials
)

const service = (server: TestServers.TestServer): TestApiServer["Type"] => ({
  baseUrl: server.baseUrl,
  caCert: certificate,
  token: server.token,
  adminToken: server.adminToken,
  issueToken: (options = {}) =>
    server.issueToken({ ...options, expiresIn: Duration.decode(options.expiresIn ?? Duration.infinity) }),
  revokeToken: server.revokeToken,
  setRules: server.setRules,
  inject: server.plan.inject,
  clearFaults: server.plan.clear,
  resetConnections: server.listener.resetConnections,
  openConnections: server.listener.openConnections,
  calls: server.calls
})
