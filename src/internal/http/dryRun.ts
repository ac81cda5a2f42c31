import { randomUUID } from "node:crypto"
import type { Dated, Observed } from "../../LeaseObject.js"
import { field, timeMillis } from "../decisions/managedFields.js"

/** Writes nothing but dry runs, so its entry in `managedFields` is dated by the latest of them. */
export const dryRunManager = "kubernetes-lease-clock"

const annotation = "kubernetes-lease/clock"

/**
 * A merge patch that any record takes and that changes something in each: the server dates no write that changes nothing.
 * Without a resourceVersion, for it is meant for whatever version the server has.
 */
export const dryRunPatch = () => ({ metadata: { annotations: { [annotation]: randomUUID() } } })

/** The answer to a dry run, with the server's time where it tells it. */
export const datedByDryRun = (answer: Observed): Dated => {
  const [entry, ...others] = (answer.metadata.managedFields ?? []).filter(isOfDryRun)
  return { ...answer, serverTimeMillis: others.length === 0 ? timeMillis(entry) : undefined }
}

const isOfDryRun = (entry: unknown): boolean => {
  const annotations = field(field(field(entry, "fieldsV1"), "f:metadata"), "f:annotations")
  return field(entry, "manager") === dryRunManager && field(entry, "operation") === "Update" &&
    field(annotations, `f:${annotation}`) !== undefined
}
