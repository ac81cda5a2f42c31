import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as KubeApiMemory from "../../src/KubeApiMemory.js"
import * as LeaseService from "../../src/LeaseService.js"

const heapKiB = (): number => {
  globalThis.gc?.()
  return process.memoryUsage().heapUsed / 1024
}

/** Heap for each of so many held leases, less what the API server in memory keeps of them, in KiB. */
export const heapPerLease = (count: number): Promise<number> =>
  Effect.gen(function*() {
    const service = yield* LeaseService.LeaseService
    const names = Array.from({ length: count }, (_, index) => `lease-${index}`)
    const record = { namespace: "default", ttl: "10 minutes" } as const
    const before = heapKiB()
    // What the server keeps of leases that nobody here holds any more.
    yield* Effect.scoped(
      Effect.forEach(names, (name) => service.tryAcquire({ ...record, name, releaseMode: "clear" }), { discard: true })
    )
    const withRecords = heapKiB()
    const held = yield* Effect.forEach(names, (name) => service.tryAcquire({ ...record, name }))
    const withTerms = heapKiB()
    return { held: held.length, perLease: (withTerms - withRecords) / count, before }
  }).pipe(
    Effect.scoped,
    Effect.provide(LeaseService.layer.pipe(Layer.provideMerge(KubeApiMemory.layer))),
    Effect.map(({ perLease }) => perLease),
    Logger.withMinimumLogLevel(LogLevel.None),
    Effect.runPromise
  )
