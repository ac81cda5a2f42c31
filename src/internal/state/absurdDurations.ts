import * as Effect from "effect/Effect"
import type { LeaseObject, LeaseRef } from "../../LeaseObject.js"
import { log } from "../base/logging.js"
import { quote } from "../base/quoting.js"
import { leaseKey } from "../base/termKey.js"
import type { TermIdentity } from "../decisions/identity.js"
import { identityOf, isSameTerm, ownerOf } from "../decisions/identity.js"

/** No holder of sound mind keeps others out for longer than this after it has gone silent. */
const longestPlausibleSeconds = 24 * 60 * 60

/** Records that ask to be left alone for absurdly long (E3): each is told of once, whether a read or a watch shows it first. */
export class AbsurdDurations {
  readonly #told = new Map<string, TermIdentity>()

  warn(ref: LeaseRef, record: LeaseObject): Effect.Effect<void> {
    return Effect.suspend(() => {
      const seconds = record.spec?.leaseDurationSeconds ?? 0
      const told = this.#told.get(leaseKey(ref))
      const identity = identityOf(record)
      if (seconds <= longestPlausibleSeconds || (told !== undefined && isSameTerm(told, identity))) {
        return Effect.void
      }
      this.#told.set(leaseKey(ref), identity)
      return log(Effect.logWarning(`The record of ${quote(ownerOf(record))} asks for a duration of ${seconds} s`))
    })
  }
}
