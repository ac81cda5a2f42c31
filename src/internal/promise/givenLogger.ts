import type { Fault } from "../../InvalidSettings.js"
import type { LeaseLogger, LoggerObject } from "./interfaces.js"

const levels = ["debug", "info", "warn", "error"] as const

export const loggerFaults = (logger: unknown): ReadonlyArray<Fault> =>
  logger === undefined || typeof logger === "function" || isLoggerObject(logger) ? [] : [{
    field: "logger",
    value: logger,
    expected:
      "a function (level, message, fields), the console, or another object with the functions debug, info, warn " +
      "and error"
  }]

export const loggerOf = (logger: LeaseLogger | LoggerObject | undefined): LeaseLogger | undefined => {
  if (logger === undefined || typeof logger === "function") {
    return logger
  }
  const takesFieldsFirst = isLikePino(logger)
  return (level, message, fields) =>
    Reflect.apply(logger[level], logger, takesFieldsFirst ? [asPinoFields(fields), message] : [message, fields])
}

const isLoggerObject = (u: unknown): u is LoggerObject =>
  typeof u === "object" && u !== null &&
  levels.every((level) => level in u && typeof Reflect.get(u, level) === "function")

/** Pino and bunyan take the fields before the message; others, as the console, after it. */
const isLikePino = (logger: object): boolean =>
  typeof Reflect.get(logger, "child") === "function" &&
  ["bindings", "addStream"].some((name) => typeof Reflect.get(logger, name) === "function")

/** Their serializers show an error with its stack under this name. */
const asPinoFields = ({ error, ...fields }: Readonly<Record<string, unknown>>) =>
  error === undefined ? fields : { ...fields, err: error }
