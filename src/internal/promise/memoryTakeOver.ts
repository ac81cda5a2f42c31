import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { LeaseRef } from "../../LeaseObject.js"
import { MicroTime } from "../../LeaseObject.js"
import { LostReason } from "../../LeaseTerm.js"
import { now } from "../base/clocks.js"
import { ownerOf } from "../decisions/identity.js"
import { createSpec, takeSpec } from "../decisions/specs.js"
import { look } from "../protocol/changes.js"
import type { Engine } from "../state/engine.js"
import { loseUnder } from "./holdings.js"
import { memoryConnection } from "./memoryConnection.js"

const limitMillis = 10_000

/** How long a record lasts that nobody here has written. */
const defaultDurationSeconds = 30

/** As another process takes a lease, whoever holds it, which then knows at once. */
export const takeOverInMemory = (ref: LeaseRef, by: string): Promise<void> =>
  memoryConnection.run((engine) =>
    // A renewal may come between the read and the write.
    Effect.map(Effect.retry(take(engine, ref, by), { while: ({ _tag }) => _tag === "Conflict" }), (owner) =>
      loseUnder(
        { server: memoryConnection.server, ...ref, owner },
        by === "" ? LostReason.Deleted() : LostReason.TakenOver({ by })
      ))
  )

/** Gives who held it before. */
const take = ({ requests, serverClock }: Engine, ref: LeaseRef, by: string) =>
  Effect.gen(function*() {
    const record = yield* look(requests, ref)
    const time = serverClock.timeAfter(MicroTime(0n), yield* now)
    if (Option.isNone(record)) {
      yield* requests.create({ metadata: ref, spec: createSpec(by, defaultDurationSeconds, time) }, limitMillis)
      return ""
    }
    const { metadata: { resourceVersion }, spec: { leaseDurationSeconds = defaultDurationSeconds } = {} } = record.value
    const spec = takeSpec(record.value, by, leaseDurationSeconds, time)
    yield* requests.patch(ref, { resourceVersion, spec }, limitMillis)
    return ownerOf(record.value)
  })
