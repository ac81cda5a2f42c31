import type { ServerVersion } from "../../LeaseObject.js"
import type { JsonObject } from "./json.js"

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
