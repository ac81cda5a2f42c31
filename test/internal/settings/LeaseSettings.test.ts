import { describe, it } from "@effect/vitest"
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import { assert } from "vitest"
import type { Options } from "../../../src/LeaseSettings.js"
import * as LeaseSettings from "../../../src/LeaseSettings.js"

const valid: Options = { namespace: "default", name: "leader", owner: "me", ttl: "30 seconds" }

const faultsOf = (options: Options) =>
  Effect.map(Effect.flip(LeaseSettings.make(options)), ({ faults }) => faults.map(({ field }) => field))

describe("LeaseSettings.make", () => {
  it.effect("fills in the defaults of the design", () =>
    Effect.gen(function*() {
      const settings = yield* LeaseSettings.make(valid)
      assert.deepEqual(settings, {
        ...valid,
        owner: "me",
        ttl: Duration.seconds(30),
        renewalInterval: Duration.seconds(10),
        renewDeadline: Duration.seconds(27),
        requestTimeout: Duration.seconds(5),
        releaseTimeout: Duration.seconds(4),
        acquireTimeout: Duration.seconds(4),
        maxClockSkew: Duration.seconds(1),
        acquireRetries: 3,
        acquireRetryDelay: Duration.millis(100),
        releaseMode: "delete",
        labels: {},
        leaseDurationSeconds: 30
      })
    }))

  it.effect("derives shorter bounds from a short ttl", () =>
    Effect.gen(function*() {
      const settings = yield* LeaseSettings.make({ ...valid, ttl: "3 seconds" })
      assert.strictEqual(Duration.toMillis(settings.renewDeadline), 2700)
      assert.strictEqual(Duration.toMillis(settings.requestTimeout), 850)
      assert.strictEqual(Duration.toMillis(settings.releaseTimeout), 1500)
      assert.strictEqual(Duration.toMillis(settings.acquireTimeout), 3000)
    }))

  it.effect("takes the shortest ttl", () => LeaseSettings.make({ ...valid, ttl: 500 }))

  it.effect("lists every wrong field at once", () =>
    Effect.gen(function*() {
      const faults = yield* faultsOf({
        namespace: "Default",
        name: "my_lease",
        owner: "",
        ttl: 499,
        maxClockSkew: -1,
        acquireRetries: 1.5,
        labels: { "a b": "c" }
      })
      assert.sameMembers([...faults], [
        "namespace",
        "name",
        "owner",
        "ttl",
        "maxClockSkew",
        "acquireRetries",
        `labels["a b"]`
      ])
    }))

  it.effect("says what a field was and what is right", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(LeaseSettings.make({ ...valid, ttl: "400 millis" }))
      assert.include(error.message, "ttl is \"400 millis\", expected a duration of at least 500 ms")
      assert.deepEqual(error.faults.map(({ value }) => value), ["400 millis"])
    }))

  it.effect("T2 a renew deadline leaves a tenth of the duration for clocks of different speed", () =>
    Effect.gen(function*() {
      yield* LeaseSettings.make({ ...valid, renewDeadline: "27272 millis" })
      assert.deepEqual(yield* faultsOf({ ...valid, renewDeadline: "27273 millis" }), ["renewDeadline"])
    }))

  it.effect("F8 two requests fit in between a renewal and the deadline", () =>
    Effect.gen(function*() {
      yield* LeaseSettings.make({ ...valid, renewalInterval: 17_000, requestTimeout: 5000 })
      assert.deepEqual(yield* faultsOf({ ...valid, renewalInterval: 17_001, requestTimeout: 5000 }), [
        "renewalInterval"
      ])
      yield* LeaseSettings.make({ ...valid, renewalInterval: 26_800 })
      assert.deepEqual(yield* faultsOf({ ...valid, renewalInterval: 26_801 }), ["renewalInterval"])
      assert.deepEqual(yield* faultsOf({ ...valid, requestTimeout: 99 }), ["requestTimeout"])
    }))

  it.effect("takes the names that Kubernetes takes, and no others", () =>
    Effect.gen(function*() {
      for (const name of ["a", "0", "a-b.c-d", "a".repeat(253)]) {
        yield* LeaseSettings.make({ ...valid, name })
      }
      for (const name of ["", "-a", "a-", "a..b", "A", "a_b", "a/b", "a".repeat(254)]) {
        assert.deepEqual(yield* faultsOf({ ...valid, name }), ["name"], name)
      }
      for (const namespace of ["", "a.b", "-a", "A", "a".repeat(64)]) {
        assert.deepEqual(yield* faultsOf({ ...valid, namespace }), ["namespace"], namespace)
      }
      for (const owner of ["", "a\nb", "\u0000", "a".repeat(254)]) {
        assert.deepEqual(yield* faultsOf({ ...valid, owner }), ["owner"], JSON.stringify(owner))
      }
    }))

  it.effect("makes up an owner that no other call makes up", () =>
    Effect.gen(function*() {
      const { owner: _, ...anonymous } = valid
      const [one, other] = yield* Effect.all([LeaseSettings.make(anonymous), LeaseSettings.make(anonymous)])
      assert.notStrictEqual(one.owner, other.owner)
      assert.match(one.owner, /_[0-9a-f-]{36}$/)
    }))

  it.effect.prop(
    "whatever is accepted leaves time for a failed renewal and for clocks of different speed",
    [
      FastCheck.double({ min: 0, max: 100_000 }),
      FastCheck.double({ min: 0, max: 1 }),
      FastCheck.double({ min: 0, max: 1 })
    ],
    ([ttl, deadline, interval]) =>
      LeaseSettings.make({ ...valid, ttl, renewDeadline: ttl * deadline, renewalInterval: ttl * interval }).pipe(
        Effect.map((settings) => {
          const renewDeadline = Duration.toMillis(settings.renewDeadline)
          assert.isAtMost(renewDeadline * 1.1, Math.ceil(ttl / 1000) * 1000 + 1e-6)
          assert.isAtMost(
            Duration.toMillis(settings.renewalInterval) + 2 * Duration.toMillis(settings.requestTimeout),
            renewDeadline + 1e-6
          )
        }),
        Effect.catchTag("InvalidSettings", ({ faults }) => Effect.sync(() => assert.isNotEmpty(faults)))
      )
  )

  it.effect("are settings again", () =>
    Effect.gen(function*() {
      const settings = yield* LeaseSettings.make(valid)
      assert.deepEqual(yield* LeaseSettings.make(settings), settings)
    }))
})

describe("LeaseSettings.config", () => {
  const config = LeaseSettings.config({
    namespace: Config.string("NAMESPACE"),
    name: Config.string("NAME"),
    owner: Config.string("OWNER"),
    ttl: Config.duration("TTL")
  })

  const load = (ttl: string) =>
    Effect.withConfigProvider(
      config,
      ConfigProvider.fromMap(new Map([["NAMESPACE", "default"], ["NAME", "leader"], ["OWNER", "me"], ["TTL", ttl]]))
    )

  it.effect("reads settings", () =>
    Effect.gen(function*() {
      assert.strictEqual(Duration.toMillis((yield* load("15 seconds")).renewalInterval), 5000)
    }))

  it.effect("fails with every fault", () =>
    Effect.gen(function*() {
      assert.include(String(yield* Effect.flip(load("1 millis"))), "expected a duration of at least 500 ms")
    }))
})
