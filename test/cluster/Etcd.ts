import * as Effect from "effect/Effect"
import { join } from "node:path"
import { freePort } from "./FreePort.js"
import * as ServerFolder from "./ServerFolder.js"

/** Starts an etcd that lives no longer than the folder, which holds its data. */
export const start = Effect.fnUntraced(function*(folder: string, program: string) {
  const url = `http://127.0.0.1:${yield* freePort}`
  const peerUrl = `http://127.0.0.1:${yield* freePort}`
  const server = yield* ServerFolder.startServer(folder, program, "etcd", [
    `--data-dir=${join(folder, "etcd")}`,
    `--listen-client-urls=${url}`,
    `--advertise-client-urls=${url}`,
    `--listen-peer-urls=${peerUrl}`,
    `--initial-advertise-peer-urls=${peerUrl}`,
    `--initial-cluster=default=${peerUrl}`
  ])
  return { url, server }
})
