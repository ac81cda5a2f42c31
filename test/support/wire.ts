import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { identity } from "effect/Function"
import * as Layer from "effect/Layer"
import { monotonicMillisBetween, monotonicNanos } from "../../src/internal/base/clocks.js"
import { KubeApi } from "../../src/KubeApi.js"
import type { Operation } from "../../src/KubeError.js"

/** A request as it left the engine; times in milliseconds by the monotonic clock. */
export interface SentRequest {
  readonly operation: Operation
  readonly sentAt: number
  /** When it was answered or given up. */
  readonly endedAt: number | undefined
  /** How many writes were in flight then, this one included. */
  readonly writesInFlight: number
}

type Patched = ReturnType<KubeApi["Type"]["patchLease"]>
type Read = ReturnType<KubeApi["Type"]["getLease"]>

/** What no fault does: to throw, to die, to withstand an interruption. */
export interface Answers {
  readonly patch?: (request: Patched) => Patched
  readonly get?: (request: Read) => Read
}

/** Between the engine and its `KubeApi`: sees what is sent when, and whether it is given up. */
export class Wire extends Context.Tag("test/Wire")<Wire, {
  /** Oldest first. */
  readonly sent: Effect.Effect<ReadonlyArray<SentRequest>>
  /** From now on, in place of the answers before. */
  readonly answer: (answers: Answers) => Effect.Effect<void>
}>() {}

export const layer: Layer.Layer<KubeApi | Wire, never, KubeApi> = Layer.effectContext(
  Effect.map(KubeApi, (api) => {
    const sent: Array<{ -readonly [K in keyof SentRequest]: SentRequest[K] }> = []
    let answers: Answers = {}

    const recorded = <A, E>(operation: Operation, request: Effect.Effect<A, E>): Effect.Effect<A, E> =>
      Effect.flatMap(millis, (sentAt) => {
        const entry = { operation, sentAt, endedAt: undefined as number | undefined, writesInFlight: 0 }
        sent.push(entry)
        entry.writesInFlight = sent.filter((other) => isWrite(other) && other.endedAt === undefined).length
        return Effect.ensuring(
          request,
          Effect.map(millis, (endedAt) => {
            entry.endedAt = endedAt
          })
        )
      })

    return Context.make(KubeApi, {
      getLease: (ref) => recorded("get", (answers.get ?? identity)(api.getLease(ref))),
      createLease: (draft) => recorded("create", api.createLease(draft)),
      patchLease: (ref, patch) => recorded("patch", (answers.patch ?? identity)(api.patchLease(ref, patch))),
      deleteLease: (ref, preconditions) => recorded("delete", api.deleteLease(ref, preconditions)),
      watchLease: api.watchLease,
      watchNamespace: api.watchNamespace,
      dryRunLease: (ref) => recorded("dryRun", api.dryRunLease(ref)),
      serverVersion: recorded("version", api.serverVersion)
    }).pipe(Context.add(Wire, {
      sent: Effect.sync(() => [...sent]),
      answer: (next) =>
        Effect.sync(() => {
          answers = next
        })
    }))
  })
)

const writes: ReadonlySet<Operation> = new Set(["create", "patch", "delete"])

const isWrite = ({ operation }: { readonly operation: Operation }): boolean => writes.has(operation)

/** Milliseconds by the monotonic clock. */
export const millis: Effect.Effect<number> = Effect.map(monotonicNanos, (nanos) => monotonicMillisBetween(0n, nanos))
