import { isKubeError } from "../../KubeError.js"

const traced = new WeakSet<object>()

/**
 * The stack of an error that the server's answer or the network caused ends in the fiber that met it and tells its reader
 * nothing: it gets that of `site`, where the call came from. Any other error keeps its own.
 */
export const tracedTo = (site: Error, error: unknown): unknown => {
  if (isKubeError(error) && !traced.has(error)) {
    traced.add(error)
    error.stack = `${error.name}: ${error.message}\n${framesOf(site)}`
  }
  return error
}

/** V8 puts name and message before the frames, JavaScriptCore does not. */
const framesOf = ({ message, name, stack = "" }: Error): string => {
  const head = `${name}: ${message}\n`
  return stack.startsWith(head) ? stack.slice(head.length) : stack
}
