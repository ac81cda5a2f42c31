/**
 * Holds leases for this process: acquires, renews, releases.
 *
 * **The guarantee.** At any instant at most one process believes that it holds a given lease, whatever the network and
 * the scheduler do and whatever time the clocks show, provided that (a) no clock runs more than 10 % faster or slower
 * than another over one ttl; (b) no two living processes use the same owner name; (c) the API servers of one control
 * plane agree on the time within `maxClockSkew`; (d) nobody outside the protocol deletes the Lease or edits its spec, and
 * etcd is never rolled back. Work already sent to a third system can still arrive late: give it the term's `token`, and
 * have that system refuse an older one.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import { acquire } from "./internal/acquiring.js"
import { now } from "./internal/clocks.js"
import { hostnameAndUuid } from "./internal/defaultOwner.js"
import { Engine } from "./internal/engine.js"
import * as EngineLayer from "./internal/engineLayer.js"
import { release, releaseLogged } from "./internal/releasing.js"
import { verify } from "./internal/renewing.js"
import { spanOptions } from "./internal/spanOptions.js"
import type { Term } from "./internal/term.js"
import type { InvalidSettings } from "./InvalidSettings.js"
import { KubeApi } from "./KubeApi.js"
import type { KubeError, RequestError } from "./KubeError.js"
import type { LeaseObject, LeaseRef, MicroTime } from "./LeaseObject.js"
import type { Options } from "./LeaseSettings.js"
import * as LeaseSettings from "./LeaseSettings.js"
import type { FencingToken, LeaseLost } from "./LeaseTerm.js"
import { ownerOf } from "./LeaseTerm.js"

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
 * One term of this process. It renews itself until it is released or lost.
 *
 * @since 0.1.0
 * @category models
 */
export interface HeldLease {
  readonly ref: LeaseRef
  readonly owner: string
  /** Grows from term to term: a store that refuses an older one is safe from work that arrives late. */
  readonly token: FencingToken
  /** Asks the clocks, not the server (T4). */
  readonly isHeld: Effect.Effect<boolean>
  /** As `isHeld`, failing. */
  readonly ensureHeld: Effect.Effect<void, LeaseLost>
  /** The time that this term still has without a further renewal; zero once it has ended. */
  readonly remaining: Effect.Effect<Duration.Duration>
  /** Asks the server whether the term stands (R8); one that does not is lost. */
  readonly verify: Effect.Effect<void, LeaseLost | RequestError>
  /** Fails once the term is lost; never completes after a release. */
  readonly lost: Effect.Effect<never, LeaseLost>
  /**
   * Ends the term here at once, then gives it back on the server within `releaseTimeout`. Does nothing once the term has
   * ended. If it fails, others have to wait for the record's duration.
   */
  readonly release: Effect.Effect<void, RequestError>
}

/**
 * The term under which an effect runs.
 *
 * @since 0.1.0
 * @category services
 */
export const HeldLease: Context.Tag<HeldLease, HeldLease> = Context.GenericTag<HeldLease>("kubernetes-lease/HeldLease")

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
  /** Who holds a lease, by a read. Whether its time has run out, a single read cannot tell. */
  readonly holder: (ref: LeaseRef) => Effect.Effect<Option.Option<Holder>, RequestError>
  /** What this process holds now. */
  readonly held: Effect.Effect<ReadonlyArray<HeldLease>>
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
    const api = yield* KubeApi
    const engine = yield* Engine
    const serviceOwner = hostnameAndUuid()

    return LeaseService.of({
      tryAcquire: Effect.fnUntraced(function*(options) {
        const settings = yield* LeaseSettings.make({ ...options, owner: options.owner ?? serviceOwner })
        const term = yield* Effect.uninterruptibleMask((restore) =>
          acquire(engine, settings, restore).pipe(
            // Not around the finalizer, whose release is no part of the acquire.
            Effect.withSpan("LeaseService.acquire", spanOptions(settings)),
            Effect.tap((term) =>
              Option.match(term, {
                onNone: () => Effect.void,
                onSome: (term) => Effect.addFinalizer(() => releaseLogged(engine, term))
              })
            )
          )
        )
        return Option.map(term, (term) => heldLease(engine, term))
      }),
      holder: (ref) =>
        Effect.map(api.getLease(ref), holderOf).pipe(Effect.catchTag("NotFound", () => Effect.succeedNone)),
      held: Effect.map(engine.terms.held, (terms) => terms.map((term) => heldLease(engine, term)))
    })
  })
).pipe(Layer.provide(EngineLayer.layer))

const heldLease = (engine: Engine, term: Term): HeldLease => {
  const isHeld = Effect.flatMap(now, (at) => engine.terms.isHeld(term, at))
  return {
    ref: term.ref,
    owner: term.owner,
    token: term.token,
    isHeld,
    ensureHeld: Effect.flatMap(isHeld, (held) => held ? Effect.void : Effect.suspend(() => term.lossOrRelease())),
    remaining: Effect.zipRight(isHeld, Effect.map(now, (at) => Duration.millis(term.remainingMillis(at)))),
    verify: Effect.asVoid(verify(engine, term)),
    lost: term.lost,
    release: release(engine, term)
  }
}

const holderOf = (lease: LeaseObject): Option.Option<Holder> =>
  ownerOf(lease) === "" ? Option.none() : Option.some({
    owner: ownerOf(lease),
    acquireTime: Option.fromNullable(lease.spec?.acquireTime),
    renewTime: Option.fromNullable(lease.spec?.renewTime)
  })
