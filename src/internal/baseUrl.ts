import type { Fault } from "../InvalidSettings.js"

const loopbackHosts = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/

/** What is wrong with the URL of an API server (C3). */
export const baseUrlFaults = (field: string, value: string): ReadonlyArray<Fault> => {
  const fault = (expected: string): ReadonlyArray<Fault> => [{ field, value: withoutUserInfo(value), expected }]
  const url = URL.canParse(value) ? new URL(value) : undefined
  if (url === undefined || (url.protocol !== "https:" && url.protocol !== "http:")) {
    return fault("the https URL of an API server")
  }
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "") {
    return fault("a URL without user, password, query and fragment")
  }
  if (url.protocol === "http:" && !loopbackHosts.test(url.hostname)) {
    return fault("https, for plain http would show the token to the network; http is taken for loopback addresses only")
  }
  return []
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

const withoutUserInfo = (value: string): string => value.replace(/\/\/[^/]*@/, "//…@")
