import type { ServerVersion } from "../../LeaseObject.js"
import type { JsonObject } from "./json.js"
import type { ManagedFieldsTime } from "./managedFields.js"

/** Where servers of different versions differ. */
export interface VersionTraits {
  readonly managedFieldsTime: ManagedFieldsTime
  /** Whether a Lease keeps `spec.strategy`. No server keeps `spec.preferredHolder` by itself. */
  readonly keepsStrategy: boolean
}

export const traitsOf = (version: ServerVersion): VersionTraits => ({
  managedFieldsTime: isAtLeast(version, 25) ? "everyChange" : "ownershipChange",
  // Known since 1.31, but behind a feature gate that is off by default there.
  keepsStrategy: isAtLeast(version, 36)
})

const isAtLeast = ({ major, minor }: ServerVersion, ofOne: number): boolean =>
  major > 1 || (major === 1 && minor >= ofOne)

/**
 * Reads "1.36".
 *
 * @throws RangeError for what is no version
 */
export const parseVersion = (text: string): ServerVersion => {
  const [, major, minor] = /^(\d{1,9})\.(\d{1,9})$/.exec(text) ?? []
  if (major === undefined || minor === undefined) {
    throw new RangeError(
      `The version of the memory server is ${JSON.stringify(text)}: give major and minor of a Kubernetes version, as ` +
        "\"1.36\" or \"1.20\"."
    )
  }
  return { major: Number(major), minor: Number(minor) }
}

/** What a server of this version answers to `GET /version`. */
export const versionDocument = ({ major, minor }: ServerVersion): JsonObject => ({
  major: String(major),
  minor: String(minor),
  gitVersion: `v${major}.${minor}.0-kubernetes-lease`,
  gitCommit: "",
  gitTreeState: "clean",
  buildDate: "1970-01-01T00:00:00Z",
  goVersion: "",
  compiler: "",
  platform: ""
})
