import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import type { ChildProcess } from "node:child_process"
import { spawn } from "node:child_process"

export interface Command {
  readonly command: string
  readonly args: ReadonlyArray<string>
  readonly env: { readonly [name: string]: string | undefined }
  readonly longestMillis: number
  readonly mostBytes: number
}

/** What has become of a command. */
export type Ending = Data.TaggedEnum<{
  readonly Exited: { readonly code: number | null; readonly signal: string | null; readonly output: string }
  readonly NotStarted: { readonly code: string | undefined }
  readonly TimedOut: {}
  readonly PrintedTooMuch: {}
}>

export const Ending = Data.taggedEnum<Ending>()

const hasProcessGroups = process.platform !== "win32"

/**
 * Runs a command without a terminal and gives what it prints. It does not keep this process alive, and is ended together
 * with every process that it has started: when its time is up, when it prints too much, when nobody wants it any more, and
 * when this process ends.
 */
export const run = ({ args, command, env, longestMillis, mostBytes }: Command): Effect.Effect<Ending> =>
  Effect.async<Ending>((resume) => {
    const chunks: Array<Buffer> = []
    let bytes = 0
    let child: ChildProcess
    try {
      // What it says on its error stream may hold a secret, and is for nobody here.
      child = spawn(command, args, {
        env,
        stdio: ["ignore", "pipe", "ignore"],
        detached: hasProcessGroups,
        windowsHide: true
      })
    } catch (error) {
      return resume(Effect.succeed(Ending.NotStarted({ code: codeOf(error) })))
    }
    const end = (): void => endGroup(child)
    // A timer of Effect's clock would keep this process alive.
    const limit = AbortSignal.timeout(longestMillis)
    const timeOut = (): void => give(Ending.TimedOut())
    const settle = (): void => {
      process.removeListener("exit", end)
      limit.removeEventListener("abort", timeOut)
    }
    const give = (ending: Ending): void => {
      settle()
      if (ending._tag !== "Exited") {
        end()
        child.stdout?.destroy()
      }
      resume(Effect.succeed(ending))
    }

    process.on("exit", end)
    limit.addEventListener("abort", timeOut)
    child.stdout?.on("data", (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes > mostBytes) {
        give(Ending.PrintedTooMuch())
      } else {
        chunks.push(chunk)
      }
    })
    child.on("error", (error) => give(Ending.NotStarted({ code: codeOf(error) })))
    child.on(
      "close",
      (code, signal) => give(Ending.Exited({ code, signal, output: Buffer.concat(chunks).toString("utf8") }))
    )
    // Only what has started can be left to itself: Deno throws else.
    if (child.pid !== undefined) {
      child.unref()
      unref(child.stdout)
    }
    return Effect.sync(() => {
      settle()
      end()
      child.stdout?.destroy()
    })
  })

/** A pipe is a socket to Node, and not to every runtime. */
const unref = (pipe: object | null): void => {
  if (pipe !== null && "unref" in pipe && typeof pipe.unref === "function") {
    pipe.unref()
  }
}

const endGroup = (child: ChildProcess): void => {
  if (child.pid === undefined) {
    return
  }
  try {
    process.kill(hasProcessGroups ? -child.pid : child.pid, "SIGKILL")
  } catch {
    // It has ended already.
  }
}

const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined
