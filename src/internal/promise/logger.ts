import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as FiberRef from "effect/FiberRef"
import * as HashMap from "effect/HashMap"
import * as HashSet from "effect/HashSet"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import type { LeaseLogger } from "../../KubernetesLease.js"

/** What is logged goes to the user's function, or, from warnings on, to the console's error stream. */
export const promiseLogging = (logger: LeaseLogger = warnOnConsole) => {
  const loggers = HashSet.make(forwardingTo(logger))
  return <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    effect.pipe(
      Effect.locally(FiberRef.currentLoggers, loggers),
      Logger.withMinimumLogLevel(LogLevel.Debug)
    )
}

const warnOnConsole: LeaseLogger = (level, message, fields) => {
  if (level === "warn" || level === "error") {
    console[level]("kubernetes-lease:", message, fields)
  }
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
