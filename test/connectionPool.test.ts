import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Http from "node:http"
import type { AddressInfo } from "node:net"
import { assert } from "vitest"
import { ConnectionPool } from "../src/internal/connectionPool.js"
import { exchange } from "../src/internal/httpsExchange.js"
import { eventually } from "./support/twins.js"

describe("ConnectionPool", () => {
  it.scopedLive("F66 once retired, it keeps no connection, and is over with its last request", () =>
    Effect.gen(function*() {
      const waiting: Array<Http.ServerResponse> = []
      const server = yield* Effect.acquireRelease(
        Effect.sync(() =>
          Http.createServer((request, response) => request.url === "/slow" ? waiting.push(response) : response.end())
        ),
        (server) =>
          Effect.sync(() => {
            server.close()
            server.closeAllConnections()
          })
      )
      yield* Effect.async<void>((resume) => void server.listen(0, "127.0.0.1", () => resume(Effect.void)))
      const open = new Set<unknown>()
      server.on("connection", (socket) => {
        open.add(socket)
        socket.on("close", () => open.delete(socket))
      })
      const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
      const over: Array<ConnectionPool> = []
      const pool = new ConnectionPool((options) => new Http.Agent(options), (it) => over.push(it))
      const get = (path: string) =>
        Effect.flatMap(
          exchange(pool, HttpClientRequest.get(base + path), new URL(base + path)),
          (response) => response.text
        )

      const slow = yield* Effect.fork(get("/slow"))
      yield* Effect.promise(() => eventually(() => waiting.length === 1))
      yield* get("/quick")
      assert.strictEqual(open.size, 2)

      pool.retire()
      yield* Effect.promise(() => eventually(() => open.size === 1))
      assert.deepStrictEqual(over, [])

      waiting.forEach((response) => response.end("late"))
      assert.strictEqual(yield* Fiber.join(slow), "late")
      yield* Effect.promise(() => eventually(() => open.size === 0 && over.length > 0))
      assert.deepStrictEqual(over, [pool])
    }))
})
