import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type { InvalidSettings } from "../../src/InvalidSettings.js"
import { MemoryServer } from "../../src/KubeApiMemory.js"
import type { WaitError } from "../../src/KubeError.js"
import type { HeldLease } from "../../src/LeaseService.js"
import { LeaseService } from "../../src/LeaseService.js"
import type { Options } from "../../src/LeaseSettings.js"
import * as Fault from "../../src/testing/Fault.js"
import { acquired, mine, yours } from "./leases.js"
import { anotherProcess, inject, settle, sideBySide } from "./processes.js"

/** Many renewals go by. */
export const patiently = { ...sideBySide, timeout: 90_000 } as const

export type Waiter = Fiber.RuntimeFiber<HeldLease, WaitError | InvalidSettings>

/** Somebody who waits in the background, gone as far as it can go for now. */
export const waiter = (
  options: Options = mine
): Effect.Effect<Waiter, never, LeaseService | Scope.Scope> =>
  Effect.flatMap(LeaseService, (service) => Effect.forkScoped(service.acquire(options))).pipe(Effect.tap(() => settle))

export const isWaiting = (waiter: Waiter): Effect.Effect<boolean> => Effect.map(Fiber.poll(waiter), Option.isNone)

/** The term that somebody has come to. */
export const termOf = (waiter: Waiter): Effect.Effect<HeldLease> =>
  Effect.flatMap(Fiber.poll(waiter), (exit) =>
    Option.match(exit, {
      onNone: () => Effect.die(new Error("still waiting")),
      onSome: Exit.match({
        onFailure: (cause) => Effect.die(new Error(`failed: ${String(cause)}`)),
        onSuccess: Effect.succeed
      })
    }))

/** Another process that holds the lease and renews it. */
export const liveHolder = Effect.gen(function*() {
  const run = yield* anotherProcess
  const held = yield* run(acquired(yours))
  return {
    held,
    run,
    /** From now on nothing of it reaches the server, as if it were dead. */
    crash: run(inject(Fault.unsent()))
  }
})

export const openWatches = Effect.flatMap(MemoryServer, (server) => server.openWatches)
