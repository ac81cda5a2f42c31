import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import { execFile } from "node:child_process"

export class CommandError extends Data.TaggedError("CommandError")<{
  readonly message: string
  readonly stdout: string
  readonly stderr: string
}> {}

/** Runs a program to its end and answers with its stdout. */
export const run = (
  program: string,
  args: ReadonlyArray<string>,
  options: { readonly stdin?: string | undefined; readonly env?: NodeJS.ProcessEnv | undefined } = {}
): Effect.Effect<string, CommandError> =>
  Effect.async((resume) => {
    const child = execFile(
      program,
      args,
      { env: options.env, maxBuffer: 64 * 1024 * 1024 },
      (error, stdout, stderr) =>
        resume(
          error === null
            ? Effect.succeed(stdout)
            : new CommandError({
              message: `${program} ${args.join(" ")}: ${stderr.trim() || stdout.trim() || error.message}`,
              stdout,
              stderr
            })
        )
    )
    // A program that ends without reading its input breaks the pipe; its exit code says why.
    child.stdin?.on("error", () => {})
    child.stdin?.end(options.stdin ?? "")
    return Effect.sync(() => child.kill("SIGKILL"))
  })
