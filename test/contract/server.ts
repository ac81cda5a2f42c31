import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import { Agent } from "node:https"
import * as KubeApi from "../../src/KubeApi.js"
import * as KubeCredentials from "../../src/KubeCredentials.js"
import type { RawAnswer, RawError, RawRequest } from "../testing/rawRequest.js"
import * as Raw from "../testing/rawRequest.js"

/** What a scenario through `KubeApi` may use. */
export interface Server {
  readonly api: KubeApi.KubeApi["Type"]
  /** A `KubeApi` that may write to every namespace, also to one that does not exist. */
  readonly adminApi: KubeApi.KubeApi["Type"]
  /** The namespace in which `api` has all rights on Leases. */
  readonly namespace: string
  /** Before the oldest event that the server remembers. */
  readonly expiredResourceVersion: Effect.Effect<string>
}

export type Request = Omit<RawRequest, "baseUrl" | "caCert" | "token" | "agent">

/** The bearer of one token. */
export interface Bearer {
  readonly api: KubeApi.KubeApi["Type"]
  readonly send: (request: Request) => Effect.Effect<RawAnswer, RawError>
  readonly watch: (path: string) => Stream.Stream<string, RawError>
}

export interface Rule {
  readonly verbs: ReadonlyArray<string>
  readonly resourceNames?: ReadonlyArray<string> | undefined
}

/** What a scenario over HTTP may use besides. */
export interface HttpServer extends Server, Bearer {
  /** Servers write most of their times in whole seconds. The clock of one in memory need only be moved. */
  readonly untilTheNextSecond: Effect.Effect<void, never, Scope.Scope>
  /** All rights on everything. */
  readonly admin: Bearer
  /** A ServiceAccount of the namespace with just these rights on Leases. */
  readonly withRules: (rules: ReadonlyArray<Rule>) => Effect.Effect<Bearer, unknown, Scope.Scope>
  /** The bearer of another token; without one, nobody. */
  readonly withToken: (token: string | undefined) => Effect.Effect<Bearer, unknown, Scope.Scope>
}

export class ContractServer extends Context.Tag("kubernetes-lease/test/ContractServer")<ContractServer, Server>() {}

export class HttpContractServer
  extends Context.Tag("kubernetes-lease/test/HttpContractServer")<HttpContractServer, HttpServer>()
{}

export const bearer = (
  { baseUrl, caCert, token }: {
    readonly baseUrl: string
    readonly caCert: string | undefined
    readonly token: string | undefined
  }
): Effect.Effect<Bearer, never, Scope.Scope> =>
  Effect.gen(function*() {
    const context = yield* Layer.build(Layer.provide(
      KubeApi.layer,
      Layer.orDie(KubeCredentials.layer({ baseUrl, caCert, token: Redacted.make(token ?? "none") }))
    ))
    const kept = yield* Effect.acquireRelease(
      Effect.sync(() => new Agent({ keepAlive: true })),
      (agent) => Effect.sync(() => agent.destroy())
    )
    return {
      api: Context.get(context, KubeApi.KubeApi),
      send: (request) => {
        // To the server, a body that is not framed is the connection's next request.
        const agent = request.withoutContentLength === true ? undefined : kept
        return Raw.send({ ...request, baseUrl, caCert, token, agent })
      },
      watch: (path) => Raw.lines({ path, baseUrl, caCert, token })
    }
  })

let names = 0

/** One that no other scenario uses. */
export const freshName = (): string => `lease-${++names}`
