import * as Data from "effect/Data"
import type { Evidence } from "./expiry.js"
import { isExpired } from "./expiry.js"
import { ownerOf } from "./identity.js"

/** What a contender may do with a record (A2). */
export type Judgement = Data.TaggedEnum<{
  /** The Lease may be taken: nobody holds it, this very owner does, or its time has run out. */
  Free: { readonly because: "vacant" | "own" | "expired" }
  /** Somebody else holds it, or it is being deleted. */
  Contended: { readonly by: string; readonly because: "fresh" | "duplicateOwner" | "terminating" }
}>

export const Judgement = Data.taggedEnum<Judgement>()

/** A2. `ownNameIsTaken`: this process has lost a term to its own owner name, so that name is somebody else's (F43). */
export const judge = (owner: string, ownNameIsTaken: boolean, evidence: Evidence): Judgement => {
  const by = ownerOf(evidence.record)
  if (evidence.record.metadata.deletionTimestamp !== undefined) {
    return Judgement.Contended({ by, because: "terminating" })
  }
  if (by === "") {
    return Judgement.Free({ because: "vacant" })
  }
  if (by === owner && !ownNameIsTaken) {
    return Judgement.Free({ because: "own" })
  }
  if (isExpired(evidence)) {
    return Judgement.Free({ because: "expired" })
  }
  return Judgement.Contended({ by, because: by === owner ? "duplicateOwner" : "fresh" })
}
