/// <reference lib="esnext.disposable" preserve="true" />
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { makeMemoryServer, settingsFrom } from "../../internal/memory/memoryServer.js"
import type { JsonObject, LeaseJson, Options } from "../../KubeApiMemory.js"
import type { LeaseRef } from "../../LeaseObject.js"
import type { Behaviour, WireBehaviour } from "../Behaviour.js"
import type { Fault } from "../Fault.js"
import type { Rule } from "./accounts.js"
import { certificate } from "./testCertificate.js"
import * as TestServers from "./testServer.js"

/**
 * A server that listens on 127.0.0.1 until it is closed.
 *
 * @since 0.1.0
 * @category models
 */
export interface RunningTestApiServer {
  /** `https://127.0.0.1:port`; the certificate is also valid for `localhost` and `[::1]`. */
  readonly apiBaseUrl: string
  /** PEM. */
  readonly caCert: string
  /** All rights on Leases in the namespace `default`. */
  readonly serviceAccountToken: string
  /** All rights. */
  readonly adminToken: string
  /** The default is a token like `serviceAccountToken`. */
  issueToken(options?: {
    /** As messages name it. Default: `"system:serviceaccount:default:default"`. */
    readonly user?: string | undefined
    /** Default: all rights on Leases in the namespace `default`. */
    readonly rules?: ReadonlyArray<Rule> | undefined
    /** In milliseconds. Default: never. */
    readonly expiresInMs?: number | undefined
  }): Promise<string>
  /** From now on the token is answered with 401. */
  revokeToken(token: string): Promise<void>
  /** Returns what takes the fault away. */
  inject(fault: Fault<Behaviour> | Fault<WireBehaviour>): Promise<() => Promise<void>>
  /** The Lease as the server has it, or `undefined`. */
  getLease(ref: LeaseRef): Promise<LeaseJson | undefined>
  /** Like `kubectl patch --type=merge`. */
  patchLease(ref: LeaseRef, mergePatch: JsonObject): Promise<LeaseJson>
  /** Like `kubectl delete`. */
  deleteLease(ref: LeaseRef): Promise<void>
  /** Ends every connection and stops listening. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * Starts a server on a free port of 127.0.0.1. For tests only: its private key is in this package.
 *
 * @since 0.1.0
 * @category constructors
 */
export const start = async (options: Options = {}): Promise<RunningTestApiServer> => {
  const scope = await run(Scope.make())
  const server = await run(Scope.extend(TestServers.make(settingsFrom(options)), scope))
  const memory = makeMemoryServer(server.api)
  const close = () => run(Scope.close(scope, Exit.void))
  return {
    apiBaseUrl: server.baseUrl,
    caCert: certificate,
    serviceAccountToken: server.token,
    adminToken: server.adminToken,
    issueToken: ({ expiresInMs = Infinity, rules, user } = {}) =>
      run(server.issueToken({ user, rules, expiresIn: Duration.millis(expiresInMs) })),
    revokeToken: (token) => run(server.revokeToken(token)),
    inject: async (fault) => {
      const remove = await run(server.plan.add(fault))
      return async () => remove()
    },
    getLease: (ref) => run(Effect.catchTag(memory.get(ref), "NotFound", () => Effect.succeed(undefined))),
    patchLease: (ref, mergePatch) => run(memory.patch(ref, mergePatch)),
    deleteLease: (ref) => run(memory.delete(ref)),
    close,
    [Symbol.asyncDispose]: close
  }
}

/** Rejects with the error itself. */
const run = async <A, E>(effect: Effect.Effect<A, E>): Promise<A> => {
  const exit = await Effect.runPromiseExit(effect)
  if (Exit.isFailure(exit)) {
    throw Cause.squash(exit.cause)
  }
  return exit.value
}
