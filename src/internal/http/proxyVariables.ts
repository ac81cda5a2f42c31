type Environment = { readonly [name: string]: string | undefined }

/** The variable that names a proxy for this URL, as other programs read it. Its value may hold a password (C5). */
export const proxyVariableFor = (url: string, env: Environment): string | undefined => {
  if (!URL.canParse(url)) {
    return undefined
  }
  const { hostname, protocol } = new URL(url)
  const names = protocol === "https:" ? ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] : []
  const name = names.find((name) => (env[name] ?? "") !== "")
  return name === undefined || isExempt(hostname, env["NO_PROXY"] ?? env["no_proxy"] ?? "") ? undefined : name
}

const isExempt = (hostname: string, noProxy: string): boolean =>
  noProxy.split(/[\s,]+/).map((entry) => entry.replace(/^\*?\./, "")).some((entry) =>
    entry === "*" || (entry !== "" && (hostname === entry || hostname.endsWith(`.${entry}`)))
  )
