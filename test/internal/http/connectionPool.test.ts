import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Http from "node:http"
import type { AddressInfo } from "node:net"
import { assert } from "vitest"
import type { Place } from "../../../src/internal/http/connectionPool.js"
import { ConnectionPool } from "../../../src/internal/http/connectionPool.js"
import { exchange } from "../../../src/internal/http/httpsExchange.js"
import { eventually } from "../../support/twins.js"

const turn = Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))

describe("ConnectionPool", () => {
  it.effect("F56 C4 only what its own age shows makes a connection old", () =>
    Effect.gen(function*() {
      const pool = new ConnectionPool((options) => new Http.Agent(options))
      const places: Array<Place> = []
      const enter = () => pool.enter("requests", (place) => places.push(place))
      const isYoungest = (place: Place | undefined): boolean => {
        enter()
        const next = places.pop()
        next?.leave()
        return next?.agent === place?.agent
      }

      enter()
      const [first] = places
      first?.givenUp()
      assert.isTrue(isYoungest(first), "nothing is idle where nothing was answered")
      first?.answered()
      pool.enter("watches", (watch) => watch.givenUp())
      assert.isTrue(isYoungest(first), "watches are given up for other reasons")

      Array.from({ length: 15 }, enter)
      enter()
      assert.strictEqual(places.length, 16)
      first?.leave()
      yield* turn
      assert.strictEqual(places.length, 17)
      places[16]?.givenUp()
      places.forEach((place) => place.leave())
      assert.isTrue(isYoungest(first), "it had no time, for it had queued")

      Array.from({ length: 16 }, enter)
      const leaveQueue = [enter(), enter(), enter()]
      leaveQueue[0]?.()
      leaveQueue[1]?.()
      yield* turn
      const last = places.at(-1)
      assert.notStrictEqual(last?.agent, first?.agent, "who queued in vain has shown that none of that age comes free")
      places[20]?.broken()
      assert.isTrue(isYoungest(last), "what befalls the old says nothing of the young")
      last?.answered()
      last?.broken()
      assert.isFalse(isYoungest(last))
    }))

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
