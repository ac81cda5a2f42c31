import type { Socket } from "node:net"
import * as Net from "node:net"

/** A load balancer on loopback: bytes go to and fro until it is told otherwise. */
export interface Balancer {
  readonly url: string
  /** How many connections there have been. */
  readonly accepted: number
  /** How many are open. */
  readonly open: number
  /** What is open is dead from now on: nothing is answered, nothing closed. What is opened later works. */
  readonly failOver: () => void
  readonly [Symbol.asyncDispose]: () => Promise<void>
}

interface Pair {
  readonly client: Socket
  readonly upstream: Socket
  isDead: boolean
}

export const balance = async (target: string): Promise<Balancer> => {
  const pairs = new Set<Pair>()
  let accepted = 0
  const server = Net.createServer((client) => {
    accepted += 1
    const pair: Pair = { client, upstream: Net.connect(Number(new URL(target).port), "127.0.0.1"), isDead: false }
    pairs.add(pair)
    client.on("data", (bytes) => pair.isDead || pair.upstream.write(bytes))
    pair.upstream.on("data", (bytes) => pair.isDead || client.write(bytes))
    for (const socket of [client, pair.upstream]) {
      socket.on("error", () => undefined)
      socket.on("close", () => {
        pairs.delete(pair)
        if (!pair.isDead) {
          client.destroy()
          pair.upstream.destroy()
        }
      })
    }
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const address = server.address()
  const port = typeof address === "object" && address !== null ? address.port : 0
  return {
    url: `https://127.0.0.1:${port}`,
    get accepted() {
      return accepted
    },
    get open() {
      return pairs.size
    },
    failOver: () =>
      pairs.forEach((pair) => {
        pair.isDead = true
      }),
    [Symbol.asyncDispose]: async () => {
      pairs.forEach(({ client, upstream }) => {
        client.destroy()
        upstream.destroy()
      })
      await new Promise((resolve) => server.close(resolve))
    }
  }
}
