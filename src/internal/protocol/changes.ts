import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { RequestError, Transient, WaitError } from "../../KubeError.js"
import type { LeaseObject, LeaseRef, WatchEvent } from "../../LeaseObject.js"
import { log } from "../base/logging.js"
import { refOf } from "../base/refOf.js"
import { identityOf, isSameTerm, ownerOf } from "../decisions/identity.js"
import { longestRetryAfterMillis, retryAfterMillis } from "../decisions/retryDelay.js"
import type { Requests } from "../state/requests.js"
import { Troubles } from "../state/troubles.js"
import { isForgotten, isRefusal, versionOf } from "../state/watchEnd.js"

const pauseMillis = 1000
const pollMillis = 10_000

/** A reader without a deadline can wait for a slow server. */
const longestReadMillis = 15_000

/** Servers send a bookmark about once a minute: a watch that shows nothing for so long is dead (F17). */
const longestSilence = Duration.seconds(90)

type Record = Option.Option<LeaseObject>

/** The record now, if there is one. */
export const look = (requests: Requests, ref: LeaseRef): Effect.Effect<Record, RequestError> =>
  requests.get(refOf(ref), longestReadMillis).pipe(
    Effect.asSome,
    Effect.catchTag("NotFound", () => Effect.succeedNone)
  )

/** The record now, and whenever its holder changes; none while nobody holds the lease (W5). */
export const changes = (requests: Requests, ref: LeaseRef): Stream.Stream<Record, WaitError> =>
  Stream.suspend(() => {
    let hasRead = false
    let isWatchRefused = false
    let isVersionForgotten = false
    const troubles = new Troubles()
    /** For so long the server has asked to be left alone. */
    let retryAfter = 0
    /** The next watch begins where the last one ended, and misses nothing. `undefined`: the record has to be read first. */
    let since: string | undefined

    const read: Stream.Stream<Record, RequestError> = Stream.fromEffect(
      Effect.tap(look(requests, ref), (record) => {
        hasRead = true
        troubles.end()
        since = isVersionForgotten ? undefined : Option.getOrUndefined(record)?.metadata.resourceVersion
      })
    )
    const follow: Stream.Stream<Record, RequestError> = Stream.suspend(() =>
      requests.watch(refOf(ref), since ?? fromNow).pipe(
        Stream.timeout(longestSilence),
        Stream.filterMap((event) => {
          troubles.end()
          isVersionForgotten = false
          since = versionOf(event)
          return recordIn(event)
        })
      )
    )
    const complain = (error: RequestError) =>
      Effect.suspend(() => {
        retryAfter = retryAfterMillis(error)
        return troubles.note(error)
          ? log(Effect.logWarning("Cannot tell who holds the lease; trying again", error))
          : Effect.void
      })
    const afterWatch = (error: RequestError) =>
      Effect.suspend(() => {
        retryAfter = retryAfterMillis(error)
        isVersionForgotten = isForgotten(error)
        if (!isConnectionLost(error)) {
          since = undefined
        }
        if (isRefusal(error)) {
          isWatchRefused = true
          return log(Effect.logWarning("The lease may not be watched; reading it every 10 s instead", error))
        }
        return isVersionForgotten ? Effect.void : complain(error)
      })
    const readIfNeedBe = Stream.suspend(() => since === undefined ? read : Stream.empty)
    const watchIfAllowed = Stream.suspend(() =>
      isWatchRefused ? Stream.empty : Stream.catchAll(follow, (error) => silently(afterWatch(error)))
    )
    const readAndFollow = Stream.concat(readIfNeedBe, watchIfAllowed).pipe(
      Stream.catchAll((error) => hasRead || isTransient(error) ? silently(complain(error)) : Stream.fail(error))
    )
    const pause = Effect.suspend(() => {
      if (isWatchRefused) {
        since = undefined
      }
      const millis = Math.max(isWatchRefused ? pollMillis : pauseMillis, Math.min(retryAfter, longestRetryAfterMillis))
      retryAfter = 0
      return Effect.sleep(millis)
    })

    return Stream.concat(readAndFollow, silently(pause)).pipe(
      Stream.forever,
      Stream.map(Option.filter((lease) => ownerOf(lease) !== "")),
      Stream.changesWith(
        Option.getEquivalence((a: LeaseObject, b: LeaseObject) => isSameTerm(identityOf(a), identityOf(b)))
      )
    )
  })

/** What a watch begins with that knows no version. */
const fromNow = ""

const silently = (effect: Effect.Effect<void>): Stream.Stream<never> => Stream.drain(Stream.fromEffect(effect))

/** None for an event that shows no record. */
const recordIn = (event: WatchEvent): Option.Option<Record> =>
  event._tag === "Bookmark"
    ? Option.none()
    : Option.some(event._tag === "Present" ? Option.some(event.lease) : Option.none())

const isTransient = (error: RequestError): error is Transient => error._tag === "Transient"

/** Then the server remembers what happened since. */
const isConnectionLost = (error: RequestError): boolean =>
  isTransient(error) && error.kind !== "Status" && error.kind !== "Decode"
