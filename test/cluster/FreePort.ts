import * as Effect from "effect/Effect"
import { once } from "node:events"
import { createServer } from "node:net"

// Below the range that Linux and macOS hand out to outgoing connections: none of those can take the port of a server
// that is down for a while, nor connect to itself on it.
const candidate = () => 10_000 + Math.floor(Math.random() * 22_000)

const isFree = async (port: number) => {
  const server = createServer()
  try {
    server.listen(port, "127.0.0.1")
    await once(server, "listening")
    return true
  } catch {
    return false
  } finally {
    server.close()
  }
}

/** A port of 127.0.0.1 on which nobody listens. */
export const freePort: Effect.Effect<number> = Effect.promise(async () => {
  const port = candidate()
  return { port, free: await isFree(port) }
}).pipe(
  Effect.repeat({ until: ({ free }) => free }),
  Effect.map(({ port }) => port)
)
