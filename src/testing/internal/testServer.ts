import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import type * as Scope from "effect/Scope"
import { randomUUID } from "node:crypto"
import { noLease } from "../../internal/base/refOf.js"
import * as ApiServer from "../../internal/memory/apiServer.js"
import type { Json } from "../../internal/memory/json.js"
import { at } from "../../internal/memory/json.js"
import type { Call } from "../Fault.js"
import type { Account, Rule } from "./accounts.js"
import { isVersion } from "./discovery.js"
import type { HttpRequest } from "./exchange.js"
import { exchange } from "./exchange.js"
import type { FaultPlan } from "./faultPlan.js"
import * as FaultPlans from "./faultPlan.js"
import type { Listener } from "./listener.js"
import { listen } from "./listener.js"
import { operationOf, route } from "./routes.js"
import type { AnyBehaviour } from "./wireFaults.js"
import { befall } from "./wireFaults.js"

/** An API server with a listener, accounts and faults. */
export interface TestServer {
  readonly api: ApiServer.ApiServer
  readonly baseUrl: string
  /** All rights on Leases in the namespace `default`. */
  readonly token: string
  /** All rights. */
  readonly adminToken: string
  readonly listener: Listener
  readonly plan: FaultPlan<AnyBehaviour>
  readonly calls: Effect.Effect<ReadonlyArray<Call>>
  readonly issueToken: (account: NewAccount) => Effect.Effect<string>
  readonly revokeToken: (token: string) => Effect.Effect<void>
  readonly setRules: (token: string, rules: ReadonlyArray<Rule>) => Effect.Effect<void>
}

export interface NewAccount {
  readonly user?: string | undefined
  readonly rules?: ReadonlyArray<Rule> | undefined
  readonly expiresIn?: Duration.Duration | undefined
}

const mostCalls = 10_000

export const make = (settings: ApiServer.Settings): Effect.Effect<TestServer, never, Scope.Scope> =>
  Effect.gen(function*() {
    const api = yield* ApiServer.make(settings)
    const plan = FaultPlans.make<AnyBehaviour>(yield* Random.nextInt)
    const accounts = new Map<string, Account>()
    const calls: Array<Call> = []

    const listener = yield* listen((request) => {
      const answer = exchange(api, (token) => accounts.get(token), request)
      const call = callOf(request)
      if (call === undefined) {
        return answer
      }
      if (calls.push(call) > 2 * mostCalls) {
        calls.splice(0, mostCalls)
      }
      return befall(plan, api, call, answer)
    })

    const issueToken = ({
      expiresIn = Duration.infinity,
      rules = [{ namespace: "default", verbs: ["*"] }],
      user = "system:serviceaccount:default:default"
    }: NewAccount) =>
      Effect.map(Clock.currentTimeMillis, (nowMillis) => {
        const token = `test-${randomUUID()}`
        accounts.set(token, { user, rules, expiresAtMillis: nowMillis + Duration.toMillis(expiresIn) })
        return token
      })

    return {
      api,
      baseUrl: `https://127.0.0.1:${listener.port}`,
      token: yield* issueToken({}),
      adminToken: yield* issueToken({ user: "admin", rules: [{ namespace: "*", verbs: ["*"] }] }),
      listener,
      plan,
      calls: Effect.sync(() => calls.slice(-mostCalls)),
      issueToken,
      revokeToken: (token) => Effect.sync(() => void accounts.delete(token)),
      setRules: (token, rules) =>
        Effect.sync(() => {
          const account = accounts.get(token)
          if (account !== undefined) {
            accounts.set(token, { ...account, rules })
          }
        })
    }
  })

/** What faults are matched with; `undefined` for a request that the library never sends. */
const callOf = ({ body, method, url }: HttpRequest): Call | undefined => {
  const target = route(method, url)
  if (target.kind === "Path" && isVersion(target.path)) {
    return { operation: "version", ref: noLease, body: undefined }
  }
  if (target.kind !== "Leases") {
    return undefined
  }
  const json = parsed(body)
  const { name = String(at(json, "metadata", "name") ?? ""), namespace = "" } = target
  return { operation: operationOf(target.verb, url), ref: { namespace, name }, body: json }
}

const parsed = (body: string): Json | undefined => {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}
