/**
 * Holds leases for this process: acquires, renews, releases.
 *
 * **The guarantee.** At any instant at most one process believes that it holds a given lease, whatever the network and
 * the scheduler do and whatever time the clocks show, provided that (a) no clock runs more than 10 % faster or slower
 * than another over one ttl; (b) no two living processes use the same owner name; (c) the API servers of one control
 * plane agree on the time within `maxClockSkew`, and none of their clocks is stepped by more than that; (d) nobody
 * outside the protocol deletes the Lease or edits its spec, and etcd is never rolled back. Work already sent to a third
 * system can still arrive late: give it the term's `token`, and have that system refuse an older one.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import { dual } from "effect/Function"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { log } from "./internal/base/logging.js"
import { spanOptions } from "./internal/base/spanOptions.js"
import { ownerOf } from "./internal/decisions/identity.js"
import { acquire } from "./internal/protocol/attempt.js"
import { begunTerm } from "./internal/protocol/attempting.js"
import { changes, look } from "./internal/protocol/changes.js"
import { health } from "./internal/protocol/health.js"
import { TermLease } from "./internal/protocol/held.js"
import type { Health } from "./internal/protocol/heldLease.js"
import { HeldLease } from "./internal/protocol/heldLease.js"
import * as EngineLayer from "./internal/protocol/layer.js"
import { releaseLogged } from "./internal/protocol/release.js"
import { acquireWaiting } from "./internal/protocol/wait.js"
import { uniqueOwner } from "./internal/settings/defaultOwner.js"
import { engineSettings } from "./internal/settings/engineSettings.js"
import { Engine } from "./internal/state/engine.js"
import type { Term } from "./internal/state/term.js"
import type { InvalidSettings } from "./InvalidSettings.js"
import type { KubeApi } from "./KubeApi.js"
import type { KubeError, RequestError, WaitError } from "./KubeError.js"
import type { LeaseObject, LeaseRef, MicroTime } from "./LeaseObject.js"
import type { Options } from "./LeaseSettings.js"
import * as LeaseSettings from "./LeaseSettings.js"
import { LeaseLost } from "./LeaseTerm.js"

export type { HandOver, Health, HealthProblem } from "./internal/protocol/heldLease.js"
export { HeldLease }

/**
 * Who holds a lease, as its record says.
 *
 * @since 0.1.0
 * @category models
 */
export interface Holder {
  readonly owner: string
  readonly acquireTime: Option.Option<MicroTime>
  readonly renewTime: Option.Option<MicroTime>
}

/**
 * @since 0.1.0
 * @category services
 */
export class LeaseService extends Context.Tag("kubernetes-lease/LeaseService")<LeaseService, {
  /**
   * One attempt: a term that the scope releases, or none, which means that somebody else holds the lease. Whoever cannot
   * tell fails.
   */
  readonly tryAcquire: (
    options: Options
  ) => Effect.Effect<Option.Option<HeldLease>, KubeError | InvalidSettings, Scope.Scope>
  /**
   * Waits until the lease is free: watches, and asks for nothing else while somebody else holds it. The scope
   * releases the term. Fails only with what waiting cannot cure, and that only until the record has been read once.
   */
  readonly acquire: (options: Options) => Effect.Effect<HeldLease, WaitError | InvalidSettings, Scope.Scope>
  /**
   * Who holds a lease, by a read that is given up after 15 s. Whether its time has run out, a single read cannot tell.
   */
  readonly holder: (ref: LeaseRef) => Effect.Effect<Option.Option<Holder>, RequestError>
  /** Who holds a lease now, and whoever holds it from now on. Every term is told, renewals are not. */
  readonly changes: (ref: LeaseRef) => Stream.Stream<Option.Option<Holder>, WaitError>
  /** What this process holds now. */
  readonly held: Effect.Effect<ReadonlyArray<HeldLease>>
  /**
   * Whether all is well: a lease that is held but has not been renewed when it should have been, or a wait that cannot
   * reach the server, is a problem. Sends nothing; fit for a readiness probe.
   */
  readonly health: Effect.Effect<Health>
}>() {}

/**
 * When its scope closes, acquires that are under way are given up and every term is released, each within its
 * `releaseTimeout`.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<LeaseService, never, KubeApi> = Layer.effect(
  LeaseService,
  Effect.gen(function*() {
    const engine = yield* Engine
    let serviceOwner: string | undefined

    const settingsOf = (options: Options) =>
      Effect.map(
        LeaseSettings.make({ ...options, owner: options.owner ?? (serviceOwner ??= uniqueOwner(process.env)) }),
        engineSettings
      )
    /** What has been acquired is never lost on the way to its scope, whose release is no part of the acquire's span. */
    const releasedWithScope = <E>(
      ref: LeaseRef,
      acquired: (restore: Restore) => Effect.Effect<Option.Option<Term>, E>
    ): Effect.Effect<Option.Option<HeldLease>, E, Scope.Scope> =>
      Effect.uninterruptibleMask((restore) =>
        acquired(restore).pipe(
          Effect.withSpan("LeaseService.acquire", spanOptions(ref)),
          Effect.tap((term) =>
            Option.isNone(term) ? Effect.void : Effect.addFinalizer(() => releaseLogged(engine, term.value))
          )
        )
      ).pipe(Effect.map(Option.map((term) => new TermLease(engine, term))))

    return LeaseService.of({
      tryAcquire: (options) =>
        Effect.flatMap(
          settingsOf(options),
          (settings) =>
            releasedWithScope(settings.ref, (restore) => Effect.map(acquire(engine, settings, restore), begunTerm))
        ),
      acquire: (options) =>
        Effect.flatMap(
          settingsOf(options),
          (settings) =>
            releasedWithScope(settings.ref, (restore) =>
              Effect.asSome(acquireWaiting({
                engine,
                settings,
                attempt: (known) => acquire(engine, settings, restore, { known, isWaiting: true }),
                restore
              })))
        ).pipe(
          // Waiting ends with a term or not at all.
          Effect.map(Option.getOrThrow)
        ),
      holder: (ref) => Effect.map(look(engine.requests, ref), Option.flatMap(holderOf)),
      changes: (ref) => Stream.map(changes(engine.requests, ref), Option.flatMap(holderOf)),
      held: Effect.map(engine.terms.held, (terms) => terms.map((term) => new TermLease(engine, term))),
      health: health(engine)
    })
  })
).pipe(Layer.provide(EngineLayer.layer))

type Restore = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>

const holderOf = (lease: LeaseObject): Option.Option<Holder> =>
  ownerOf(lease) === "" ? Option.none() : Option.some({
    owner: ownerOf(lease),
    acquireTime: Option.fromNullable(lease.spec?.acquireTime),
    renewTime: Option.fromNullable(lease.spec?.renewTime)
  })

/**
 * Waits for the lease, runs the effect under it, then releases. The effect finds its term as the service
 * `HeldLease`. When the term is lost the effect is interrupted, and this fails with `LeaseLost`; so it does if the effect
 * fails and the server, asked then, says that the lease is lost. Else the effect's finalizers end before the release
 * begins, and a release that fails is logged.
 *
 * ```ts
 * job.pipe(LeaseService.withLease({ namespace: "default", name: "nightly-job", ttl: "30 seconds" }))
 * ```
 *
 * @since 0.1.0
 * @category combinators
 */
export const withLease: {
  (
    options: Options
  ): <A, E, R>(
    effect: Effect.Effect<A, E, R>
  ) => Effect.Effect<A, E | LeaseLost | WaitError | InvalidSettings, Exclude<R, HeldLease> | LeaseService>
  <A, E, R>(
    effect: Effect.Effect<A, E, R>,
    options: Options
  ): Effect.Effect<A, E | LeaseLost | WaitError | InvalidSettings, Exclude<R, HeldLease> | LeaseService>
} = dual(
  2,
  <A, E, R>(effect: Effect.Effect<A, E, R>, options: Options) =>
    Effect.flatMap(LeaseService, ({ acquire }) => whileScoped(acquire(options), (lease) => underLease(effect, lease)))
)

/**
 * As `withLease`, but does not wait: none if somebody else holds the lease.
 *
 * @since 0.1.0
 * @category combinators
 */
export const withLeaseIfFree: {
  (
    options: Options
  ): <A, E, R>(
    effect: Effect.Effect<A, E, R>
  ) => Effect.Effect<
    Option.Option<A>,
    E | LeaseLost | KubeError | InvalidSettings,
    Exclude<R, HeldLease> | LeaseService
  >
  <A, E, R>(
    effect: Effect.Effect<A, E, R>,
    options: Options
  ): Effect.Effect<
    Option.Option<A>,
    E | LeaseLost | KubeError | InvalidSettings,
    Exclude<R, HeldLease> | LeaseService
  >
} = dual(
  2,
  <A, E, R>(effect: Effect.Effect<A, E, R>, options: Options) =>
    Effect.flatMap(LeaseService, ({ tryAcquire }) =>
      whileScoped(tryAcquire(options), (lease) =>
        Option.match(lease, {
          onNone: () => Effect.succeedNone,
          onSome: (held) => Effect.asSome(underLease(effect, held))
        })))
)

/**
 * `withLease` for ever: after a loss it runs for the lease again, after an end of the effect it first leaves others
 * one `renewalInterval`. A failure of the effect releases the lease, then fails, unless the lease turns out to be lost:
 * then that is taken for the reason. Once it has held the lease, nothing that an API server answers ends it any more.
 *
 * @since 0.1.0
 * @category combinators
 */
export const campaign: {
  (
    options: Options
  ): <A, E, R>(
    effect: Effect.Effect<A, E, R>
  ) => Effect.Effect<never, Exclude<E, LeaseLost> | WaitError | InvalidSettings, Exclude<R, HeldLease> | LeaseService>
  <A, E, R>(
    effect: Effect.Effect<A, E, R>,
    options: Options
  ): Effect.Effect<never, Exclude<E, LeaseLost> | WaitError | InvalidSettings, Exclude<R, HeldLease> | LeaseService>
} = dual(2, <A, E, R>(effect: Effect.Effect<A, E, R>, options: Options) =>
  Effect.gen(function*() {
    const service = yield* LeaseService
    const { renewalInterval } = yield* LeaseSettings.make(options)
    const pause = Effect.sleep(renewalInterval)
    let hasHeld = false
    const oneTerm = whileScoped(
      Effect.either(service.acquire(options)),
      (acquired): Effect.Effect<
        Effect.Effect<void>,
        Exclude<E, LeaseLost> | WaitError | InvalidSettings,
        Exclude<R, HeldLease>
      > => {
        if (Either.isLeft(acquired)) {
          return hasHeld
            ? Effect.as(log(Effect.logWarning("Cannot run for the lease again; trying later", acquired.left)), pause)
            : Effect.fail(acquired.left)
        }
        hasHeld = true
        const lease = acquired.right
        return underLease(effect, lease).pipe(
          Effect.as(pause),
          // One that fails so after its own release, or for another lease, has ended of its own will.
          Effect.catchIf(isLeaseLost, () => Effect.map(isLost(lease), (lost) => lost ? Effect.void : pause))
        )
      }
    )
    return yield* Effect.forever(Effect.flatten(oneTerm))
  }))

/** As `Effect.scoped`, but for the scope of `acquire` alone: what else `use` acquires stays its caller's. */
const whileScoped = <A, E, B, E2, R2>(
  acquire: Effect.Effect<A, E, Scope.Scope>,
  use: (acquired: A) => Effect.Effect<B, E2, R2>
): Effect.Effect<B, E | E2, R2> =>
  Effect.acquireUseRelease(
    Scope.make(),
    (scope) => Effect.flatMap(Scope.extend(acquire, scope), use),
    (scope, exit) => Scope.close(scope, exit)
  )

/**
 * Unlike a race, this lets the effect's finalizers end before it ends itself, even if it is interrupted (F3). The effect
 * does not begin if the term has run out on the way, and a loss that it is the first to notice is one (F21).
 */
const underLease = <A, E, R>(
  effect: Effect.Effect<A, E, R>,
  lease: HeldLease
): Effect.Effect<A, E | LeaseLost, Exclude<R, HeldLease>> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.gen(function*() {
      const work = yield* lease.ensureHeld.pipe(
        Effect.zipRight(Effect.provideService(effect, HeldLease, lease)),
        restore,
        // A fiber that fails is logged as unhandled, whoever awaits it.
        Effect.exit,
        Effect.fork
      )
      let wasTold = false
      const watch = yield* lease.lost.pipe(
        Effect.catchAll(() => {
          wasTold = true
          return Fiber.interrupt(work)
        }),
        Effect.interruptible,
        Effect.forkDaemon
      )
      const exit = Exit.flatten(
        yield* restore(Fiber.await(work)).pipe(
          Effect.onInterrupt(() => Fiber.interrupt(work)),
          Effect.ensuring(Fiber.interruptFork(watch))
        )
      )
      yield* Fiber.inheritAll(work)
      const loss = yield* restore(lossAtEnd(lease, !wasTold && hasFailed(exit)))
      if (Option.isNone(loss)) {
        return yield* exit
      }
      if (!wasTold && hasFailed(exit) && !Option.exists(Cause.failureOption(exit.cause), isLeaseLost)) {
        yield* log(
          Effect.logWarning("The effect failed, and the lease is lost: that is taken for the reason", exit.cause)
        )
      }
      return yield* loss.value
    })
  )

const hasFailed = <A, E>(exit: Exit.Exit<A, E>): exit is Exit.Failure<A, E> =>
  Exit.isFailure(exit) && !Cause.isInterruptedOnly(exit.cause)

/**
 * How the term has been lost, by the clocks, and by the server where the effect may have failed because of it: a store that
 * refuses its token knows of a later term before this process does. A server that cannot be asked tells of no loss.
 */
const lossAtEnd = (lease: HeldLease, mayKnowMore: boolean): Effect.Effect<Option.Option<LeaseLost>> =>
  (mayKnowMore ? lease.verify : lease.ensureHeld).pipe(
    Effect.catchAll((error) => isLeaseLost(error) ? Effect.fail(error) : lease.ensureHeld),
    Effect.as(Option.none()),
    Effect.catchAll((lost) => Effect.succeed(lost.reason._tag === "Released" ? Option.none() : Option.some(lost)))
  )

const isLost = (lease: HeldLease): Effect.Effect<boolean> =>
  lease.ensureHeld.pipe(
    Effect.as(false),
    Effect.catchAll(({ reason }) => Effect.succeed(reason._tag !== "Released"))
  )

const isLeaseLost = <E>(error: E | LeaseLost): error is LeaseLost => error instanceof LeaseLost
