import type { Network } from "./place.js"
import type { Proxy } from "./proxy.js"
import { startProxy } from "./proxy.js"

/** A proxy on loopback for each member, so that each has a way to the API server that can be broken. */
export class Proxies implements Network {
  readonly #all = new Map<string, Proxy>()

  /** The API server's address as this member is to see it. */
  async urlOf(member: string, apiServer: URL): Promise<string> {
    const proxy = this.#all.get(member)
      ?? await startProxy({ host: apiServer.hostname, port: Number(apiServer.port || 443) })
    this.#all.set(member, proxy)
    const url = new URL(apiServer)
    url.host = `127.0.0.1:${proxy.port}`
    return url.href
  }

  cut = (member: string): void => this.#all.get(member)?.cut()

  silence = (member: string): void => this.#all.get(member)?.silence()

  restore = async (member: string): Promise<void> => this.#all.get(member)?.restore()

  close(): void {
    this.#all.forEach((proxy) => proxy.cut())
  }
}
