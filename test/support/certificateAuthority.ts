import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { execFile } from "node:child_process"
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"

/** A CA of its own, and a server's certificate for 127.0.0.1 that it has signed. */
export interface CertificateAuthority {
  readonly certificate: string
  readonly leaf: { readonly cert: string; readonly key: string }
  readonly folder: string
}

const run = promisify(execFile)

export const makeCertificateAuthority = async (
  name: string,
  signedBy?: CertificateAuthority
): Promise<CertificateAuthority> => {
  const folder = await mkdtemp(join(tmpdir(), "kubernetes-lease-ca-"))
  const openssl = (...args: ReadonlyArray<string>) => run("openssl", args, { cwd: folder })
  const request = (file: string, commonName: string) =>
    openssl(
      "req",
      "-newkey",
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:P-256",
      "-nodes",
      "-keyout",
      `${file}.key`,
      "-out",
      `${file}.csr`,
      "-subj",
      `/CN=${commonName}`
    )
  const sign = async (file: string, issuer: ReadonlyArray<string>, extensions: string) => {
    await writeFile(join(folder, `${file}.ext`), extensions)
    await openssl(
      "x509",
      "-req",
      "-in",
      `${file}.csr`,
      ...issuer,
      "-out",
      `${file}.crt`,
      "-days",
      "3650",
      "-extfile",
      `${file}.ext`
    )
  }
  const issuerIn = (where: string) => ["-CA", join(where, "ca.crt"), "-CAkey", join(where, "ca.key"), "-CAcreateserial"]
  await request("ca", name)
  await sign(
    "ca",
    signedBy === undefined ? ["-signkey", "ca.key"] : issuerIn(signedBy.folder),
    "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n"
  )
  await request("leaf", "kube-apiserver")
  await sign("leaf", issuerIn(folder), "subjectAltName=IP:127.0.0.1\n")
  const read = (file: string) => readFile(join(folder, file), "utf8")
  return {
    folder,
    certificate: await read("ca.crt"),
    leaf: { cert: await read("leaf.crt"), key: await read("leaf.key") }
  }
}

export const makeCa = (
  name: string,
  signedBy?: CertificateAuthority
): Effect.Effect<CertificateAuthority, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.promise(() => makeCertificateAuthority(name, signedBy)),
    ({ folder }) => Effect.promise(() => rm(folder, { recursive: true }))
  )
