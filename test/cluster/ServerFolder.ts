import * as Effect from "effect/Effect"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

// The end of stdin is the signal: the pipe closes with the scope, or with this process however it dies, even by SIGKILL.
// Removal is retried because a killed process can still be writing for a moment.
const reaper = `
cat
for file in "$0"/*.pid; do
  if [ -f "$file" ]; then kill -KILL "$(cat "$file")"; fi
done
tries=0
until rm -rf "$0" || [ "$((tries += 1))" -ge 100 ]; do sleep 0.05; done
`

/** A temporary folder that vanishes with the scope or with this process, after the servers that run in it. */
export const make = Effect.acquireRelease(
  Effect.sync(() => {
    const folder = mkdtempSync(join(tmpdir(), "kubernetes-lease-"))
    // Detached, because Ctrl-C goes to the whole process group of the terminal.
    const child = spawn("sh", ["-c", reaper, folder], { detached: true, stdio: ["pipe", "ignore", "ignore"] })
    const reap = () => child.stdin.end()
    // The process that vitest runs tests in outlives a killed vitest for as long as its test takes.
    process.once("disconnect", reap)
    return { folder, reap, exited: once(child, "exit") }
  }),
  ({ exited, reap }) =>
    Effect.promise(() => {
      process.off("disconnect", reap)
      reap()
      return exited
    })
).pipe(Effect.map(({ folder }) => folder))

export interface ServerProcess {
  readonly signal: (signal: NodeJS.Signals) => Effect.Effect<void>
  /** Completes with the reason when the process has ended. */
  readonly ended: Effect.Effect<string>
  /** Of what the process has written. */
  readonly lastLines: Effect.Effect<string>
}

/** Starts a server that lives no longer than the folder. */
export const startServer = (
  folder: string,
  program: string,
  name: string,
  args: ReadonlyArray<string>
): Effect.Effect<ServerProcess> =>
  Effect.sync(() => {
    const logFile = join(folder, `${name}.log`)
    const pidFile = join(folder, `${name}.pid`)
    const log = openSync(logFile, "a")
    // etcd takes every ETCD_ variable for a flag.
    const child = spawn(program, args, { cwd: folder, env: {}, stdio: ["ignore", log, log] })
    closeSync(log)
    if (child.pid !== undefined) {
      writeFileSync(pidFile, String(child.pid))
    }
    const ended = new Promise<string>((resolve) => {
      child.once("error", (error) => resolve(error.message))
      child.once("exit", (code, signal) => {
        rmSync(pidFile, { force: true })
        resolve(signal ?? `exit code ${code}`)
      })
    })
    return {
      signal: (signal) => Effect.sync(() => child.kill(signal)),
      ended: Effect.promise(() => ended),
      lastLines: Effect.sync(() => readFileSync(logFile, "utf8").trimEnd().split("\n").slice(-5).join("\n"))
    }
  })
