import type { Edit } from "./edit.js"

/** One rule broken, by these edits together. */
export interface Mutant {
  readonly rule: string
  readonly edits: readonly [Edit, ...ReadonlyArray<Edit>]
  /**
   * It is noticed within so many seeds, from 1 on, or by the tests in a file: what a simulation without HTTP cannot notice,
   * or seldom does. `undefined`: never, for the reason that the README gives.
   */
  readonly within: number | { readonly test: string } | undefined
}

const mutant = (rule: string, within: Mutant["within"], ...edits: Mutant["edits"]): Mutant => ({
  rule,
  within,
  edits
})

export const mutants: ReadonlyArray<Mutant> = [
  mutant("T1 transitions are raised", 20, {
    file: "internal/decisions/specs.ts",
    from: "transitions % mostTransitions + 1",
    to: "transitions % mostTransitions"
  }),
  mutant("T2 validity counts from the send instant", 50, {
    file: "internal/protocol/renew.ts",
    from: "term.acknowledge(sentAt)",
    to: "term.acknowledge(arrivedAt)"
  }),
  mutant("T2 the wall clock counts too", 20, {
    file: "internal/base/clocks.ts",
    from: "until.wallMillis - since.wallMillis",
    to: "0"
  }),
  mutant("T3 the answer shows this very term", 100, {
    file: "internal/protocol/take.ts",
    from: "if (!isTermSent(sent, answer)) {",
    to: "if (!isTermSent(sent, answer) && unsettled.size === 0) {"
  }),
  mutant("T3 a term counts from the send instant", { test: "test/effect/terms.test.ts" }, {
    file: "internal/protocol/take.ts",
    from: "sentAt, metricLabels",
    to: "sentAt: yield* now, metricLabels"
  }),
  mutant("T3 an answer after the deadline begins no term", 150, {
    file: "internal/protocol/take.ts",
    from: "if (term.remainingMillis(yield* now) === 0) {",
    to: "if (term.remainingMillis(yield* now) === -1) {"
  }),
  mutant("T3 what may have landed is given back", 20, {
    file: "internal/protocol/attempt.ts",
    from: "left.length > 0 ?",
    to: "left.length > 1e9 ?"
  }),
  mutant("T4 being held is computed from the clocks", 150, {
    file: "internal/protocol/held.ts",
    from: "return Effect.flatMap(now, (at) => this.#engine.terms.isHeld(this.#term, at))",
    to: "return Effect.sync(() => !this.#term.isEnded)"
  }),
  mutant("T5 an answer does not revive a term", 500, {
    file: "internal/protocol/renew.ts",
    from: "const arrivedAt = yield* whileHeld(engine, term)",
    to: "const arrivedAt = yield* now"
  }),
  mutant("T5 nobody is told of a term that has run out", { test: "test/promise/leaseContract.test.ts" }, {
    file: "internal/promise/leaseHandle.ts",
    from: "term !== undefined && repeats > 0 && this.#hasExpired(term) ?",
    to: "term !== undefined && repeats > mostRepeats && this.#hasExpired(term) ?"
  }),
  mutant("A2 another's unexpired record is left alone", 20, {
    file: "internal/decisions/judge.ts",
    from: "if (isExpired(evidence)) {",
    to: "if (isExpired(evidence) || evidence.sighting.renewTime !== undefined) {"
  }),
  mutant("A2 a name lost is somebody else's", 50, {
    file: "internal/decisions/judge.ts",
    from: "by === owner && !ownNameIsTaken",
    to: "by === owner"
  }),
  mutant("A3 the take's precondition", 20, {
    file: "internal/protocol/take.ts",
    from: "resourceVersion: lease.metadata.resourceVersion",
    to: "resourceVersion: undefined as never"
  }),
  mutant("A3 a PATCH, not a PUT", 50, {
    file: "internal/memory/kubeApi.ts",
    from: "patchType: \"application/merge-patch+json\", body: wire(patchToJson(patch)), fieldManager })",
    to: `patchType: "application/json-patch+json",
          body: [
            { op: "test", path: "/metadata/resourceVersion", value: patch.resourceVersion },
            { op: "add", path: "/metadata/labels", value: {} },
            ...Object.entries((wire(patchToJson(patch)) as { spec: JsonObject }).spec)
              .map(([field, value]) => ({ op: "add", path: \`/spec/\${field}\`, value }))
          ],
          fieldManager
        }).pipe(Effect.catchTag("Invalid", () => observe("patch", ref, {
          verb: "patch",
          ...refOf(ref),
          patchType: "application/merge-patch+json",
          body: wire(patchToJson(patch)),
          fieldManager
        })))`
  }),
  mutant("E1 the monotonic clock", 50, {
    file: "internal/protocol/look.ts",
    from: "const { lastLookAt, sighting } = engine.sightings.see(",
    to: `arrivedAt = { ...arrivedAt, monotonicNanos: BigInt(arrivedAt.wallMillis) * 1_000_000n }
      const { lastLookAt, sighting } = engine.sightings.see(`
  }),
  mutant("E1 counts from the arrival", 1100, {
    file: "internal/protocol/look.ts",
    from: "Effect.suspend(() => engine.requests.get(settings.ref, settings.requestTimeoutMillis))",
    to: `Effect.flatMap(now, (askedAt) =>
      Effect.map(engine.requests.get(settings.ref, settings.requestTimeoutMillis), (record) => ({ askedAt, record })))`
  }, {
    file: "internal/protocol/look.ts",
    from: "Effect.flatMap((record) => Effect.map(now, (at) => weigh(engine, settings, record, at)))",
    to: "Effect.map(({ askedAt, record }) => weigh(engine, settings, record, askedAt))"
  }),
  mutant("E1 the whole duration", 20, {
    file: "internal/decisions/expiry.ts",
    from: "durationMillisOf(record, ttlMillis) - monotonicMillisBetween",
    to: "0.85 * durationMillisOf(record, ttlMillis) - monotonicMillisBetween"
  }),
  mutant("E2 the resolution of server times", 2200, {
    file: "internal/decisions/managedFields.ts",
    from: "const resolutionMillis = 1000",
    to: "const resolutionMillis = 0"
  }),
  mutant("E2 a date is that of the last change", { test: "test/internal/decisions/LeaseTerm.test.ts" }, {
    file: "internal/decisions/expiry.ts",
    from: "!(isEveryChangeDated || isStampOfFirstTerm(record, stampMillis)) ||",
    to: "(isEveryChangeDated && stampMillis === -1) ||"
  }),
  mutant("E2 the version of the server", { test: "test/effect/expiry.test.ts" }, {
    file: "internal/protocol/look.ts",
    from: "onSuccess: datesEveryChange",
    to: "onSuccess: () => true"
  }),
  mutant("E2 an unknown version says nothing", { test: "test/effect/expiry.test.ts" }, {
    file: "internal/protocol/look.ts",
    from: "onFailure: () => false",
    to: "onFailure: () => true"
  }),
  mutant("E2 the present is in the body, not in Date", 60, {
    file: "internal/protocol/look.ts",
    from: "const { serverTimeMillis, ...record } =",
    to: "const { serverDateMillis: serverTimeMillis, serverTimeMillis: _, ...record } ="
  }),
  mutant("E2 a refused dry run says nothing", 100, {
    file: "internal/protocol/look.ts",
    from: "Effect.as(log(Effect.logDebug(\"The API server does not tell how old the record is\", error)), seen)",
    to: `Effect.map(now, (at) => {
      engine.sightings.date(settings.ref, { millis: 1e9, atNanos: at.monotonicNanos })
      return weigh(engine, settings, seen.record, at)
    })`
  }),
  mutant("E2 whoever looks once is told", 60, {
    file: "internal/protocol/look.ts",
    from: "isOldPerhaps(seen) ?",
    to: "isOldPerhaps(seen) && seen.lastLookAt !== undefined ?"
  }),
  mutant("E2 agreement with renewTime", { test: "test/internal/decisions/LeaseTerm.test.ts" }, {
    file: "internal/decisions/expiry.ts",
    from: "!isDatedAlike(stampMillis, renewTime, maxClockSkewMillis)",
    to: "!isDatedAlike(stampMillis, renewTime, Infinity)"
  }),
  mutant("E2 maxClockSkew", 250, {
    file: "internal/decisions/expiry.ts",
    from: "durationMillisOf(record, ttlMillis) + maxClockSkewMillis - dated.millis",
    to: "durationMillisOf(record, ttlMillis) - dated.millis"
  }),
  mutant("R2 a conflict is no evidence", 20, {
    file: "internal/protocol/renew.ts",
    from: "Effect.catchTag(\"Conflict\", () => Effect.flatMap(",
    to: `Effect.catchTag("Conflict", () => lose(engine, term, LostReason.TakenOver({ by: "" }))),
      Effect.catchTag("Conflict" as never, () => Effect.flatMap(`
  }),
  mutant("R2 the record's identity", 30, {
    file: "internal/protocol/renew.ts",
    from: "yield* ensureStands(engine, term, record) return record",
    to: "return record"
  }),
  mutant("R4 the deadline is a timer of its own", 50, {
    file: "internal/state/terms.ts",
    from: "const expired = expiredBy(at)",
    to: "const expired: ReadonlyArray<Term> = []"
  }),
  mutant("R4 one ticker for all terms", { test: "test/effect/interruption.test.ts" }, {
    file: "internal/state/terms.ts",
    from: "if (former !== undefined) { yield* Fiber.interruptFork(former) }",
    to: "void former"
  }),
  mutant("R4 a further try may take longer", { test: "test/effect/slowServer.test.ts" }, {
    file: "internal/decisions/renewalRequest.ts",
    from: "isFurtherTry ? timeLeftMillis / 2 : 0",
    to: "isFurtherTry ? 0 : 0"
  }),
  mutant("X1 a hung renewal is given up", { test: "test/effect/release.test.ts" }, {
    file: "internal/protocol/release.ts",
    from: "inTime(leftMillis)(Effect.zipRight(turn.wait, term.written))",
    to: "Effect.as(Effect.zipRight(turn.wait, term.written), leftMillis)"
  }),
  mutant("X1 a release that has begun is awaited as the service closes", { test: "test/effect/interruption.test.ts" }, {
    file: "internal/protocol/layer.ts",
    from: "[...engine.releasing]",
    to: "[]"
  }),
  mutant("X2 the clear's precondition", 30, {
    file: "internal/protocol/relinquish.ts",
    from: "engine.requests.patch(ref, { resourceVersion, spec: leaves }",
    to: "engine.requests.patch(ref, { resourceVersion: undefined as never, spec: leaves }"
  }),
  mutant("X2 the delete's preconditions", 20, {
    file: "internal/protocol/relinquish.ts",
    from: "relinquishment.engine.requests.delete(relinquishment.ref, { uid, resourceVersion }, limitMillis)",
    to: "relinquishment.engine.requests.delete(relinquishment.ref, {} as never, limitMillis)"
  }),
  mutant("X3 only one's own is cleared", 20, {
    file: "internal/protocol/relinquish.ts",
    from: "return relinquishment.isOwn(record) ? Standing",
    to: "return relinquishment.isOwn !== undefined ? Standing"
  }),
  mutant("W1 what expires is tried for", 120, {
    file: "internal/protocol/wait.ts",
    from: "Queue.offer(notices, Notice.Due({ dueAtNanos }))",
    to: "Effect.void"
  }),
  mutant("W1 a deletion is no release", 100, {
    file: "internal/state/notice.ts",
    from: "sightings.seeDeleted(ref, lease, arrivedAt)",
    to: "void sightings"
  }, {
    file: "internal/protocol/wait.ts",
    from: "if (isLatest && seen.judgement._tag === \"Free\") {",
    to: "if (isLatest && (seen.judgement._tag === \"Free\" || notice._tag === \"Deleted\")) {"
  }),
  mutant("W1 nor is one that happens during an attempt", 700, {
    file: "internal/protocol/look.ts",
    from: "return standing(engine, settings)",
    to: "return Effect.succeedNone"
  }),
  mutant("C2 nobody waits for what is read again", { test: "test/internal/credentials/rereading.test.ts" }, {
    file: "internal/credentials/rereading.ts",
    from: "return isDue(readAt, now) ? Effect.as(start(\"due\"), value) : Effect.succeed(value)",
    to: "return isDue(readAt, now) ? Effect.flatMap(start(\"due\"), outcomeOf) : Effect.succeed(value)"
  }),
  mutant("C2 what cannot be read again is used on", { test: "test/internal/credentials/rereading.test.ts" }, {
    file: "internal/credentials/rereading.ts",
    from: "if (last === undefined) {",
    to: "if (last === undefined || isFailing) {"
  }),
  mutant("C4 a request that is given up takes the idle connections with it", {
    test: "test/internal/http/deadConnections.test.ts"
  }, {
    file: "internal/http/connectionPool.ts",
    from: "if (generation !== this.#youngest || !generation.hasAnswered) {",
    to: "if (generation === this.#youngest || !generation.hasAnswered) {"
  })
]
