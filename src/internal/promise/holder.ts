import * as Option from "effect/Option"
import type { LeaseObject, MicroTime } from "../../LeaseObject.js"
import { microTimeToMillis } from "../../LeaseObject.js"
import { ownerOf } from "../decisions/identity.js"
import type { LeaseHolder } from "./interfaces.js"

/** Nobody where the record names none. */
export const holderIn = (record: Option.Option<LeaseObject>): LeaseHolder | undefined =>
  Option.match(Option.filter(record, (lease) => ownerOf(lease) !== ""), {
    onNone: () => undefined,
    onSome: (lease) => ({
      owner: ownerOf(lease),
      acquireTime: dateOf(lease.spec?.acquireTime),
      renewTime: dateOf(lease.spec?.renewTime)
    })
  })

const dateOf = (time: MicroTime | undefined): Date | undefined =>
  time === undefined ? undefined : new Date(microTimeToMillis(time))
