import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type * as KubeApi from "../../src/KubeApi.js"
import * as KubeApiMemory from "../../src/KubeApiMemory.js"
import type { LeaseObject, LeaseRef } from "../../src/LeaseObject.js"
import { LeaseResource } from "../../src/LeaseObject.js"
import * as LeaseService from "../../src/LeaseService.js"
import type { Options } from "../../src/LeaseSettings.js"
import * as Faults from "../../src/testing/Faults.js"

export const ref: LeaseRef = { namespace: "default", name: "leader" }

/** Renewed every 10 s, valid for 27 s, 5 s a request. */
export const mine: Options = { ...ref, owner: "me", ttl: "30 seconds" }

export const yours: Options = { ...mine, owner: "you" }

/** One process over an API server in memory, with faults between them. */
export const OneService: Layer.Layer<
  LeaseService.LeaseService | Faults.Faults | KubeApi.KubeApi | KubeApiMemory.MemoryServer
> = LeaseService.layer.pipe(Layer.provideMerge(Faults.layer), Layer.provideMerge(KubeApiMemory.layer))

export const tryAcquire = (options: Options) =>
  Effect.flatMap(LeaseService.LeaseService, (service) => service.tryAcquire(options))

/** A term that the test takes for granted. */
export const acquired = (
  options: Options
): Effect.Effect<LeaseService.HeldLease, never, LeaseService.LeaseService | Scope.Scope> =>
  Effect.map(Effect.orDie(tryAcquire(options)), (held) => Option.getOrThrowWith(held, () => new Error("contended")))

const decodeLease = Schema.decodeUnknown(LeaseResource)

/** The record as the server has it. */
export const record: Effect.Effect<LeaseObject, never, KubeApiMemory.MemoryServer> = Effect.flatMap(
  KubeApiMemory.MemoryServer,
  (server) => Effect.orDie(Effect.flatMap(server.get(ref), decodeLease))
)
