import type { JsonObject } from "../../internal/memory/json.js"
import { apiVersion, group, kind, resource } from "../../internal/memory/storedLease.js"
import { versionDocument } from "../../internal/memory/version.js"
import type { ServerVersion } from "../../LeaseObject.js"

const groupVersion = { groupVersion: apiVersion, version: "v1" }
const apiGroup: JsonObject = { name: group, versions: [groupVersion], preferredVersion: groupVersion }

/** What kubectl asks before it knows how to ask for a Lease. */
const documents: ReadonlyMap<string, JsonObject> = new Map<string, JsonObject>([
  ["/api", { kind: "APIVersions", versions: ["v1"], serverAddressByClientCIDRs: [] }],
  ["/api/v1", { kind: "APIResourceList", apiVersion: "v1", groupVersion: "v1", resources: [] }],
  ["/apis", { kind: "APIGroupList", apiVersion: "v1", groups: [apiGroup] }],
  [`/apis/${group}`, { kind: "APIGroup", apiVersion: "v1", ...apiGroup }],
  [`/apis/${apiVersion}`, {
    kind: "APIResourceList",
    apiVersion: "v1",
    groupVersion: apiVersion,
    resources: [{
      name: resource,
      singularName: "lease",
      namespaced: true,
      kind,
      verbs: ["create", "delete", "get", "list", "patch", "update", "watch"]
    }]
  }]
])

const healthPaths = new Set(["/healthz", "/livez", "/readyz"])

/** `undefined`: there is nothing at this path. */
export const document = (path: string, version: ServerVersion): JsonObject | undefined =>
  isVersion(path) ? versionDocument(version) : documents.get(path.replace(/(.)\/$/, "$1"))

export const isPublic = (path: string): boolean => isVersion(path) || isHealth(path)

export const isVersion = (path: string): boolean => path === "/version" || path === "/version/"

/** Answered with a plain `ok`. */
export const isHealth = (path: string): boolean => healthPaths.has(path)
