import type { Fault } from "../../InvalidSettings.js"

const loopbackHosts = /^(localhost|127(\.\d{1,3}){3}|\[::1\])\.?$/

/** What is wrong with the URL of an API server (C3). */
export const baseUrlFaults = (field: string, value: string): ReadonlyArray<Fault> => {
  const url = parsed(value)
  const fault = (expected: string): ReadonlyArray<Fault> => [{ field, value: shown(value, url), expected }]
  if (url === undefined || !isHttp(url)) {
    return fault("the https URL of an API server")
  }
  // A password with a slash in it leaves its "@" in the path.
  if (
    url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "" || url.pathname.includes("@")
  ) {
    return fault("a URL without user, password, query and fragment")
  }
  if (url.protocol === "http:" && !loopbackHosts.test(url.hostname)) {
    return fault("https, for plain http would show the token to the network; http is taken for loopback addresses only")
  }
  return []
}

/** One text for all spellings of one URL. */
export const normalUrl = (baseUrl: string): string => normal(baseUrl, ({ hostname }) => hostname)

/**
 * One text for each server. The names of this machine are one to it: two servers that are taken for one cost a term, one
 * that is taken for two has two holders (P5).
 */
export const serverOf = (baseUrl: string): string =>
  normal(baseUrl, ({ hostname }) => loopbackHosts.test(hostname) ? "localhost" : hostname.replace(/\.$/, ""))

const normal = (baseUrl: string, hostOf: (url: URL) => string): string => {
  const url = parsed(baseUrl)
  return url === undefined || !isHttp(url)
    ? baseUrl
    : `${url.protocol}//${hostOf(url)}:${url.port || defaultPorts[url.protocol]}${url.pathname.replace(/\/+$/, "")}`
}

/** The pod's API server (C1). */
export const inClusterBaseUrl = (env: { readonly [name: string]: string | undefined }): string => {
  const host = env["KUBERNETES_SERVICE_HOST"]
  const port = env["KUBERNETES_SERVICE_PORT"]
  if (!host || !port) {
    return "https://kubernetes.default.svc"
  }
  return `https://${host.includes(":") ? `[${host}]` : host}:${port}`
}

const defaultPorts: Readonly<Record<string, string>> = { "http:": "80", "https:": "443" }

const isHttp = ({ protocol }: URL): boolean => protocol in defaultPorts

const parsed = (value: unknown): URL | undefined =>
  typeof value === "string" && URL.canParse(value) ? new URL(value) : undefined

/** Whatever else stands in it may be a password or a token (C5). */
const shown = (value: unknown, url: URL | undefined): string => {
  if (typeof value !== "string" || value === "" || /^[a-z0-9.[\]-]{1,64}(:\d{1,5})?\/*$/i.test(value)) {
    return String(value)
  }
  if (url === undefined || !value.includes("://") || url.host === "" || url.pathname.includes("@")) {
    return "…"
  }
  const hidden = url.username !== "" || url.password !== ""
  const rest = url.pathname.length > 1 || url.search !== "" || url.hash !== ""
  return `${url.protocol}//${hidden ? "…@" : ""}${url.host}${rest ? "/…" : ""}`
}
