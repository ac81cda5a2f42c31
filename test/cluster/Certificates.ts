import * as Effect from "effect/Effect"
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import * as Command from "./Command.js"

const configuration = `
[req]
distinguished_name = subject
[subject]
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign
[server]
basicConstraints = critical, CA:FALSE
extendedKeyUsage = serverAuth
subjectAltName = DNS:localhost, IP:127.0.0.1
`

const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]

const openssl = (...args: ReadonlyArray<string>) => Command.run("openssl", args)

/** A certificate authority of its own, and by it a serving certificate for `localhost` and 127.0.0.1. */
export const make = Effect.fnUntraced(function*(folder: string) {
  const at = (name: string) => join(folder, name)
  const config = at("openssl.cnf")
  writeFileSync(config, configuration)

  // dprint-ignore
  yield* openssl(
    "req", "-x509", "-config", config, "-extensions", "authority", "-subj", "/CN=kubernetes-lease test authority",
    ...newKey, "-keyout", at("ca.key"), "-days", "7", "-out", at("ca.crt")
  )
  // dprint-ignore
  yield* openssl(
    "req", "-new", "-config", config, "-subj", "/CN=kube-apiserver",
    ...newKey, "-keyout", at("apiserver.key"), "-out", at("apiserver.csr")
  )
  // dprint-ignore
  yield* openssl(
    "x509", "-req", "-in", at("apiserver.csr"), "-CA", at("ca.crt"), "-CAkey", at("ca.key"), "-set_serial", "1",
    "-extfile", config, "-extensions", "server", "-days", "7", "-out", at("apiserver.crt")
  )

  return {
    caCert: readFileSync(at("ca.crt"), "utf8"),
    certificateFile: at("apiserver.crt"),
    privateKeyFile: at("apiserver.key")
  }
})
