import type * as HttpClientError from "@effect/platform/HttpClientError"
import { Transient } from "../../KubeError.js"
import type { KubeCall } from "../base/kubeCall.js"
import { cannot } from "../base/kubeCall.js"
import { quote, secretsOf } from "../base/quoting.js"
import { proxyVariableFor } from "./proxyVariables.js"

/** A request that no answer came to. Of its cause only code and message are kept: the request holds the token. */
export const transportFailure = (call: KubeCall, error: HttpClientError.HttpClientError): Transient => {
  const cause = deepest(error.cause)
  const code = cause === undefined ? undefined : codeOf(cause)
  const kind = code === undefined ? "Reset" : kindOf(code)
  const said = quote(cause?.message ?? error.description ?? error.reason, secretsOf(error.request))
  return new Transient({
    ...call,
    kind,
    message: `${cannot(call)}: ${said}. ${advice[kind]}${proxyAdvice(kind, error)}`
  })
}

/** No proxy is used: in a pod, the variables that name one are meant for other traffic. */
const proxyAdvice = (kind: TransportKind, { request }: HttpClientError.HttpClientError): string => {
  const variable = kind === "Connect" || kind === "Timeout" ? proxyVariableFor(request.url, process.env) : undefined
  return variable === undefined ? "" : ` ${variable} names a proxy, which this library does not use.`
}

type TransportKind = "Connect" | "Tls" | "Reset" | "Timeout"

const advice: Record<TransportKind, string> = {
  Connect: "Is the API server's address right, and may this process reach it?",
  Tls: "Is caCert the CA that signed the API server's certificate, and does that certificate name this host?",
  Reset: "The connection broke; what was sent may have happened.",
  Timeout: "The API server did not answer in time; what was sent may have happened."
}

const connectCodes = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EAI_FAIL",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EADDRNOTAVAIL",
  "EACCES",
  "ERR_INVALID_URL",
  "ConnectionRefused"
])

const kindOf = (code: string): TransportKind => {
  if (connectCodes.has(code)) {
    return "Connect"
  }
  if (code === "ETIMEDOUT" || code === "UND_ERR_CONNECT_TIMEOUT" || code === "UND_ERR_HEADERS_TIMEOUT") {
    return "Timeout"
  }
  return /CERT|^ERR_TLS|^ERR_SSL|^ERR_BORINGSSL|^EPROTO$|^ERR_OSSL|^UNABLE_TO|^HOSTNAME_MISMATCH$|^INVALID_CA$|^CRL_/
      .test(code)
    ? "Tls"
    : "Reset"
}

/** `fetch` wraps what happened in a `TypeError`, dual-stack dialling in an `AggregateError`. */
const deepest = (cause: unknown): Error | undefined => {
  if (cause instanceof AggregateError && cause.errors.length > 0 && cause.message === "") {
    return deepest(cause.errors[0])
  }
  if (cause instanceof Error) {
    return deepest(cause.cause) ?? cause
  }
  return undefined
}

const codeOf = (error: Error): string | undefined =>
  "code" in error && typeof error.code === "string" ? error.code : undefined
