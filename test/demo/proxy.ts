import { once } from "node:events"
import type { Socket } from "node:net"
import { connect, createServer } from "node:net"

/** One member's way to the API server, on loopback, for somebody to stand in. */
export interface Proxy {
  readonly port: number
  /** Connections are reset, new ones are refused. */
  readonly cut: () => void
  /** Connections stay, and nothing comes through any more: what a dropped packet looks like. */
  readonly silence: () => void
  readonly restore: () => Promise<void>
}

export const startProxy = async (target: { readonly host: string; readonly port: number }): Promise<Proxy> => {
  const sockets = new Set<Socket>()
  let isSilent = false
  const keep = (socket: Socket, peer: Socket): void => {
    sockets.add(socket)
    socket.on("error", () => {}).on("close", () => {
      sockets.delete(socket)
      peer.destroy()
    })
  }
  const server = createServer({ noDelay: true }, (downstream) => {
    const upstream = connect({ ...target, noDelay: true })
    keep(downstream, upstream)
    keep(upstream, downstream)
    downstream.on("data", (bytes) => void (isSilent || upstream.write(bytes)))
    upstream.on("data", (bytes) => void (isSilent || downstream.write(bytes)))
  })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  const address = server.address()
  const port = typeof address === "object" && address !== null ? address.port : 0
  const reset = (): void => {
    for (const socket of sockets) {
      socket.destroy()
    }
  }
  return {
    port,
    cut: () => {
      server.close()
      reset()
    },
    silence: () => {
      isSilent = true
    },
    restore: async () => {
      // A stream that has lost bytes cannot go on.
      if (isSilent) {
        isSilent = false
        reset()
      }
      if (!server.listening) {
        server.listen(port, "127.0.0.1")
        await once(server, "listening")
      }
    }
  }
}
