import type { ApiServer, Settings } from "./apiServer.js"
import * as MemoryApi from "./kubeApi.js"
import type { MemoryServer, Options } from "./memoryApi.js"
import { parseVersion } from "./version.js"

export const settingsFrom = (options: Options): Settings => ({
  version: parseVersion(options.version ?? "1.36"),
  namespaces: options.namespaces,
  preserveUnknownFields: options.preserveUnknownFields ?? false,
  expiredWatch: options.expiredWatch ?? "event",
  watchCacheSize: options.watchCacheSize ?? 10_000,
  initialResourceVersion: options.initialResourceVersion ?? 1n
})

const defaultManager = "kubectl"

/** What a third party can do with the server. */
export const makeMemoryServer = (server: ApiServer): MemoryServer["Type"] => ({
  kubeApiAs: (fieldManager) => MemoryApi.make(server, fieldManager),
  get: (ref) => MemoryApi.readJson(server, ref),
  list: MemoryApi.listJson(server),
  create: (namespace, body, { fieldManager = defaultManager } = {}) =>
    MemoryApi.requestJson(server, "create", { namespace, name: MemoryApi.nameOf(body) }, {
      verb: "create",
      namespace,
      body,
      fieldManager
    }),
  patch: (ref, body, { fieldManager = defaultManager } = {}) =>
    MemoryApi.requestJson(server, "patch", ref, {
      verb: "patch",
      ...ref,
      patchType: "application/merge-patch+json",
      body,
      fieldManager
    }),
  replace: (ref, body, { fieldManager = defaultManager } = {}) =>
    MemoryApi.requestJson(server, "patch", ref, { verb: "update", ...ref, body, fieldManager }),
  delete: (ref, preconditions = {}) => MemoryApi.remove(server, ref, preconditions),
  createNamespace: server.createNamespace,
  deleteNamespace: server.removeNamespace,
  resourceVersion: server.resourceVersion,
  advanceResourceVersion: server.advanceResourceVersion,
  compact: server.compact,
  sendBookmarks: server.sendBookmarks,
  endWatches: server.endWatches,
  openWatches: server.openWatches,
  setClockOffset: server.setClockOffset
})
