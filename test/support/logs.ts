import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"

export interface LogLine {
  readonly level: LogLevel.Literal
  readonly text: string
  readonly annotations: Readonly<Record<string, unknown>>
}

/** What is logged, kept and not printed. */
export class Logs extends Context.Tag("test/Logs")<Logs, Effect.Effect<ReadonlyArray<LogLine>>>() {}

export const layer: Layer.Layer<Logs> = Layer.suspend(() => {
  const lines: Array<LogLine> = []
  const logger = Logger.make<unknown, void>(({ annotations, logLevel, message }) => {
    lines.push({
      level: logLevel._tag,
      text: [message].flat().map(String).join(" "),
      annotations: Object.fromEntries(annotations)
    })
  })
  return Layer.merge(
    Layer.succeed(Logs, Effect.sync(() => [...lines])),
    Logger.replace(Logger.defaultLogger, logger)
  )
})

/** How many lines of this level contain this text. */
export const countLogged = (level: LogLevel.Literal, text: string): Effect.Effect<number, never, Logs> =>
  Effect.map(
    Effect.flatten(Logs),
    (lines) => lines.filter((line) => line.level === level && line.text.includes(text)).length
  )
