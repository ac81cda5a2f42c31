/** One rule broken: `from` stands exactly once in `src/<file>`, and `to` in its place breaks the rule. */
export interface Mutant {
  readonly rule: string
  readonly file: string
  readonly from: string
  readonly to: string
}

export const mutants: ReadonlyArray<Mutant> = [
  {
    rule: "T2 validity counts from the send instant",
    file: "internal/renewing.ts",
    from: "term.acknowledge(sentAt)",
    to: "term.acknowledge(acknowledgedAt)"
  },
  {
    rule: "T2 the wall clock counts too",
    file: "internal/clocks.ts",
    from: "    until.wallMillis - since.wallMillis",
    to: "    0"
  },
  {
    rule: "T3 the answer shows this very term",
    file: "internal/acquiring.ts",
    from: "if (!isSameTerm(identityOf(answer), expected)) {",
    to: "if (!isSameTerm(identityOf(answer), expected) && settings.ttl === undefined) {"
  },
  {
    rule: "T3 the answer comes while the term would still be valid",
    file: "internal/acquiring.ts",
    from: "new Term({ settings, record: answer, renewTime: time, sentAt })",
    to: "new Term({ settings, record: answer, renewTime: time, sentAt: yield* now })"
  },
  {
    rule: "T3 what may have landed is given back",
    file: "internal/acquiring.ts",
    from: "unsettled.size > 0 ?",
    to: "unsettled.size > 1e9 ?"
  },
  {
    rule: "T5 an answer does not revive a term",
    file: "internal/renewing.ts",
    from:
      "    yield* ensureHeld(engine, term)\n    const record = yield* answer\n    yield* ensureStands(engine, term, record)\n    if",
    to: "    const record = yield* answer\n    yield* ensureStands(engine, term, record)\n    if"
  },
  {
    rule: "E1 the monotonic clock",
    file: "internal/acquiring.ts",
    from: "engine.sightings.see(ref, record, at.monotonicNanos)",
    to: "engine.sightings.see(ref, record, BigInt(at.wallMillis) * 1_000_000n)"
  },
  {
    rule: "E1 counts from the arrival",
    file: "internal/acquiring.ts",
    from:
      "    const at = yield* now\n    const { isNewTerm, sighting } = engine.sightings.see(ref, record, at.monotonicNanos)",
    to:
      "    const at = yield* now\n    const { isNewTerm, sighting } = engine.sightings.see(ref, record, askedAt.monotonicNanos)"
  },
  {
    rule: "E2 the resolution of server times",
    file: "internal/managedFields.ts",
    from: "const resolutionMillis = 1000",
    to: "const resolutionMillis = 0"
  },
  {
    rule: "E2 agreement with renewTime",
    file: "LeaseTerm.ts",
    from: "return Math.abs(changedMillis - renewedMillis) <= 1000 + skewMillis &&\n    record",
    to: "return record"
  },
  {
    rule: "E2 maxClockSkew",
    file: "LeaseTerm.ts",
    from: "latestMillis >= durationMillisOf(record, ttl) + skewMillis",
    to: "latestMillis >= durationMillisOf(record, ttl)"
  },
  {
    rule: "R4 the deadline is a timer of its own",
    file: "internal/terms.ts",
    from: "    yield* Effect.forEach([...all], (term) => isHeld(term, at), { discard: true })\n",
    to: ""
  },
  {
    rule: "R2 the record's identity",
    file: "internal/renewing.ts",
    from: "    yield* ensureStands(engine, term, record)\n    return record",
    to: "    return record"
  },
  {
    rule: "X2 the release's precondition",
    file: "internal/clearing.ts",
    from: "const answer = yield* Effect.either(requests.patch(ref, {\n        resourceVersion,",
    to: "const answer = yield* Effect.either(requests.patch(ref, {\n        resourceVersion: undefined as never,"
  },
  {
    rule: "X3 only one's own is cleared",
    file: "internal/clearing.ts",
    from: "if (!clearing.isOwn(record.value)) {",
    to: "if (clearing.isOwn === undefined) {"
  },
  {
    rule: "T1 transitions are raised",
    file: "LeaseTerm.ts",
    from: "% mostTransitions + 1",
    to: "% mostTransitions"
  },
  {
    rule: "A3 the take's precondition",
    file: "internal/acquiring.ts",
    from: "engine.requests.patch(ref, { resourceVersion, spec }, limitMillis)",
    to: "engine.requests.patch(ref, { resourceVersion: undefined as never, spec }, limitMillis)"
  },
  {
    rule: "E3 an unexpired record is left alone",
    file: "LeaseTerm.ts",
    from: "now.monotonicNanos) >= durationMillisOf(record, ttl)",
    to: "now.monotonicNanos) >= 0.9 * durationMillisOf(record, ttl)"
  }
]
