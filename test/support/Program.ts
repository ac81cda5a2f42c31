import { spawn } from "node:child_process"
import { createInterface } from "node:readline"
import { withoutWhoLeads } from "./whoLeads.js"

/** How a process ended, what else than who leads it wrote to stderr, and how long after its last line that was. */
export interface End {
  readonly code: number | null
  readonly stderr: string
  readonly afterMillis: number
}

/** A process that says what happens in lines of JSON. */
export class Program implements AsyncDisposable {
  readonly ended: Promise<End>
  readonly #kill: () => void
  readonly #lines: AsyncIterator<string>

  constructor(command: string, args: ReadonlyArray<string>, env: NodeJS.ProcessEnv, cwd?: string) {
    const child = spawn(command, args, { env, cwd, stdio: ["ignore", "pipe", "pipe"] })
    let stderr = ""
    let lastLineAt = performance.now()
    child.stderr.on("data", (chunk: Buffer) => {
      stderr += chunk.toString("utf8")
    })
    const lines = createInterface(child.stdout)
    lines.on("line", () => {
      lastLineAt = performance.now()
    })
    this.#lines = lines[Symbol.asyncIterator]()
    this.#kill = () => child.kill("SIGKILL")
    this.ended = new Promise((resolve) => {
      child.once("error", ({ message }) => resolve({ code: null, stderr: message, afterMillis: 0 }))
      child.once(
        "close",
        (code) => resolve({ code, stderr: withoutWhoLeads(stderr), afterMillis: performance.now() - lastLineAt })
      )
    })
  }

  async next(): Promise<unknown> {
    const { done, value } = await this.#lines.next()
    if (done === true) {
      throw new Error(`ended without another line: ${JSON.stringify(await this.ended)}`)
    }
    return JSON.parse(value)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#kill()
    await this.ended
  }
}
