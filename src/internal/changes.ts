import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import type { KubeApi } from "../KubeApi.js"
import type { RequestError, Transient, WaitError } from "../KubeError.js"
import type { LeaseObject, LeaseRef } from "../LeaseObject.js"
import { identityOf, isSameTerm, ownerOf } from "../LeaseTerm.js"
import { log } from "./logging.js"
import { refOf } from "./refOf.js"
import { isRefusal } from "./watches.js"

const pauseBetweenWatches = Duration.seconds(1)
const pollInterval = Duration.seconds(10)

/** The record now, and whenever its holder changes; none while nobody holds the lease (W5). */
export const changes = (
  api: KubeApi["Type"],
  ref: LeaseRef
): Stream.Stream<Option.Option<LeaseObject>, WaitError> =>
  Stream.suspend(() => {
    let hasRead = false
    let isWatchRefused = false
    let inTrouble = false

    const read = api.getLease(refOf(ref)).pipe(
      Effect.asSome,
      Effect.catchTag("NotFound", () => Effect.succeedNone),
      Effect.tap(() => {
        hasRead = true
        inTrouble = false
      })
    )
    const follow = (record: Option.Option<LeaseObject>) =>
      isWatchRefused
        ? Stream.drain(Stream.fromEffect(Effect.sleep(pollInterval)))
        : api.watchLease(refOf(ref), {
          // Without a record, from now on.
          resourceVersion: Option.match(record, {
            onNone: () => "",
            onSome: ({ metadata }) => metadata.resourceVersion
          })
        }).pipe(
          Stream.filterMap((event) =>
            event._tag === "Bookmark"
              ? Option.none()
              : Option.some(event._tag === "Present" ? Option.some(event.lease) : Option.none())
          )
        )
    const survive = (error: RequestError) =>
      Stream.drain(Stream.fromEffect(Effect.gen(function*() {
        if (isRefusal(error)) {
          isWatchRefused = true
          yield* log(Effect.logWarning("The lease may not be watched; reading it every 10 s instead", error))
        } else if (!inTrouble) {
          inTrouble = true
          yield* log(Effect.logWarning("Cannot tell who holds the lease; trying again", error))
        }
      })))

    return Stream.unwrap(Effect.map(read, (record) => Stream.concat(Stream.succeed(record), follow(record)))).pipe(
      Stream.catchAll((error) => hasRead || isTransient(error) ? survive(error) : Stream.fail(error)),
      Stream.repeat(Schedule.spaced(pauseBetweenWatches)),
      Stream.map((record): Option.Option<LeaseObject> => Option.filter(record, (lease) => ownerOf(lease) !== "")),
      Stream.changesWith(
        Option.getEquivalence((a: LeaseObject, b: LeaseObject) => isSameTerm(identityOf(a), identityOf(b)))
      )
    )
  })

const isTransient = (error: RequestError): error is Transient => error._tag === "Transient"
