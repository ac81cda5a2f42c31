import * as Cause from "effect/Cause"
import * as Option from "effect/Option"
import type { LeaseLost } from "../../LeaseTerm.js"
import { LostReason } from "../../LeaseTerm.js"
import type { LeaseLost as PlainLeaseLost } from "./interfaces.js"

/** A loss without Effect's types. */
class Loss extends Error implements PlainLeaseLost {
  override readonly name = "LeaseLost"
  readonly _tag = "LeaseLost"
  readonly namespace: string
  readonly leaseName: string
  readonly owner: string
  readonly token: string
  readonly reason: PlainLeaseLost["reason"]

  constructor(lost: LeaseLost) {
    super(lost.message)
    this.namespace = lost.ref.namespace
    this.leaseName = lost.ref.name
    this.owner = lost.owner
    this.token = lost.token
    this.reason = LostReason.$match(lost.reason, {
      TakenOver: ({ by }) => ({ _tag: "TakenOver", by }) as const,
      Deleted: () => ({ _tag: "Deleted" }) as const,
      Expired: ({ lastError }) =>
        ({ _tag: "Expired", lastError: Option.getOrUndefined(Option.map(lastError, Cause.originalError)) }) as const,
      Failed: ({ defect }) => ({ _tag: "Failed", defect }) as const,
      Released: () => ({ _tag: "Released" }) as const
    })
  }
}

export const promiseLoss = (lost: LeaseLost): PlainLeaseLost => new Loss(lost)
