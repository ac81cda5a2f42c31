import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as FiberRef from "effect/FiberRef"
import * as HashMap from "effect/HashMap"
import * as HashSet from "effect/HashSet"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import { isKubeError } from "../../KubeError.js"
import type { LeaseLogger } from "./interfaces.js"

/** What is logged goes to the user's function, or, but for what helps to find errors here, to the console. */
export const promiseLogging = (logger: LeaseLogger = toConsole) => {
  const loggers = HashSet.make(forwardingTo(logger))
  return <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    effect.pipe(
      Effect.locally(FiberRef.currentLoggers, loggers),
      Logger.withMinimumLogLevel(LogLevel.Debug)
    )
}

/**
 * One line an event, who leads among them, all on the console's error stream: a program's own output may be data for the
 * next one.
 */
const toConsole: LeaseLogger = (level, message, { error, ...fields }) => {
  if (level === "debug") {
    return
  }
  const line = `kubernetes-lease: ${[message, ...Object.entries(fields).map(asText)].join(" ")}`
  const print = level === "error" ? console.error : console.warn
  if (error === undefined) {
    print(line)
  } else if (isKubeError(error)) {
    print(`${line}: ${error.message}`)
  } else {
    // Whose stack says where it comes from.
    print(line, error)
  }
}

const asText = ([name, value]: readonly [string, unknown]): string => {
  const text = typeof value === "string" ? value : JSON.stringify(value) ?? String(value)
  return `${name}=${/[\s"=]/.test(text) ? JSON.stringify(text) : text}`
}

const forwardingTo = (logger: LeaseLogger): Logger.Logger<unknown, void> =>
  Logger.make(({ annotations, cause, logLevel, message }) => {
    const [text, ...rest] = Array.isArray(message) ? message : [message]
    const errors = rest.filter((part) => part instanceof Error)
    const fields = rest.filter((part) => typeof part === "object" && part !== null && !(part instanceof Error))
    logger(levelOf(logLevel), String(text), {
      ...Object.fromEntries(HashMap.toEntries(annotations)),
      ...Object.assign({}, ...fields),
      ...(errors.length > 0 ? { error: Cause.originalError(errors[0]) } : {}),
      ...(Cause.isEmpty(cause) ? {} : { error: Cause.originalError(Cause.squash(cause)) })
    })
  })

const levelOf = (level: LogLevel.LogLevel): "debug" | "info" | "warn" | "error" =>
  LogLevel.greaterThanEqual(level, LogLevel.Error)
    ? "error"
    : LogLevel.greaterThanEqual(level, LogLevel.Warning)
    ? "warn"
    : LogLevel.greaterThanEqual(level, LogLevel.Info)
    ? "info"
    : "debug"
