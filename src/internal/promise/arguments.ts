import type { Fault } from "../../InvalidSettings.js"
import { fromFaults } from "../../InvalidSettings.js"
import { unknownSettings } from "../settings/unknownSettings.js"

/** What each option of a call has to be, where it is given. */
interface Shapes {
  readonly [option: string]: { readonly isRight: (value: unknown) => boolean; readonly expected: string }
}

const isFunction = (value: unknown): boolean => typeof value === "function"

/** By what it does: there are signals of other realms, and of polyfills. */
const isSignal = (value: unknown): boolean =>
  typeof value === "object" && value !== null && typeof Reflect.get(value, "aborted") === "boolean" &&
  typeof Reflect.get(value, "addEventListener") === "function"

const anything = { isRight: () => true, expected: "" }

const onError = {
  onError: { isRight: (value: unknown) => value === "retry" || value === "stop", expected: `"retry" or "stop"` }
}

const signal = { signal: { isRight: isSignal, expected: "an AbortSignal" } }

export const handlerFaults = (handler: unknown): ReadonlyArray<Fault> =>
  isFunction(handler) ? [] : [{ field: "handler", value: handler, expected: "a function (reason, lost)" }]

export const waitFaults = (options: unknown): ReadonlyArray<Fault> => optionFaults(options, signal, "{ signal }")

/** What the options hold is judged where the rules of a hand-over are known (X5). */
export const releaseFaults = (options: unknown): ReadonlyArray<Fault> =>
  optionFaults(options, { to: anything, handOverMs: anything }, "{ to: owner }")

export const leadFaults = (work: unknown, options: unknown): ReadonlyArray<Fault> => [
  ...(isFunction(work) ? [] : [{ field: "work", value: work, expected: "a function ({ signal, token })" }]),
  ...optionFaults(options, { ...signal, ...onError }, "{ signal }")
]

const optionFaults = (options: unknown, shapes: Shapes, example: string): ReadonlyArray<Fault> => {
  if (options === undefined) {
    return []
  }
  // A signal in the place of the options would stop nothing.
  return typeof options !== "object" || options === null || Array.isArray(options) || isSignal(options)
    ? [{ field: "options", value: options, expected: `an object, such as ${example}` }]
    : [
      ...unknownSettings(options, Object.keys(shapes)),
      ...Object.entries(shapes).flatMap(([field, { expected, isRight }]) => {
        const value: unknown = Reflect.get(options, field)
        return value === undefined || isRight(value) ? [] : [{ field, value, expected }]
      })
    ]
}

/** As a rejection; `call` gives its promise as it is, for a wrapper would settle later (P3). */
export const unlessFaulty = <A>(faults: ReadonlyArray<Fault>, call: () => Promise<A>): Promise<A> =>
  faults.length > 0 ? Promise.reject(fromFaults(faults)) : call()
