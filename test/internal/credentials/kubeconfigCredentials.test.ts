import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as TestClock from "effect/TestClock"
import * as NodeFs from "node:fs/promises"
import { tmpdir } from "node:os"
import { delimiter, dirname, join } from "node:path"
import { inspect } from "node:util"
import { assert } from "vitest"
import { Ending, run } from "../../../src/internal/credentials/childProcess.js"
import { whyNotOn } from "../../../src/internal/credentials/clientNode.js"
import { locationsOf } from "../../../src/internal/credentials/kubeconfigFiles.js"
import type { Endpoint, KubeconfigOptions } from "../../../src/KubeCredentials.js"
import { KubeCredentials, layerKubeconfig } from "../../../src/KubeCredentials.js"
import type { CredentialsError } from "../../../src/KubeError.js"
import { certificate, privateKey } from "../../../src/testing/internal/testCertificate.js"

const base64 = (text: string): string => Buffer.from(text).toString("base64")

/** A folder to write files to; `write` gives the path. */
const folder = Effect.map(
  Effect.acquireRelease(
    Effect.promise(() => NodeFs.mkdtemp(join(tmpdir(), "kubernetes-lease-"))),
    (path) => Effect.promise(() => NodeFs.rm(path, { recursive: true }))
  ),
  (path) => ({
    path,
    write: (name: string, content: string | object, mode = 0o600) =>
      Effect.promise(async () => {
        const file = join(path, name)
        await NodeFs.mkdir(dirname(file), { recursive: true })
        await NodeFs.writeFile(file, typeof content === "string" ? content : JSON.stringify(content), { mode })
        return file
      })
  })
)

const config = (
  { cluster = {}, user = {}, ...rest }: {
    readonly cluster?: object
    readonly user?: object
    readonly [field: string]: unknown
  }
) => ({
  apiVersion: "v1",
  kind: "Config",
  "current-context": "c",
  clusters: [{ name: "k", cluster: { server: "https://a.example", ...cluster } }],
  users: [{ name: "u", user }],
  contexts: [{ name: "c", context: { cluster: "k", user: "u" } }],
  ...rest
})

const credentialsOf = (options: KubeconfigOptions) =>
  Effect.map(
    Layer.build(layerKubeconfig(options)),
    (context) => context.unsafeMap.get(KubeCredentials.key) as KubeCredentials["Type"]
  )

const read = (path: string): Effect.Effect<Endpoint, CredentialsError, Scope.Scope> =>
  Effect.flatMap(credentialsOf({ path }), ({ get }) => get)

const tokenOf = ({ token }: Endpoint): string | undefined => token === undefined ? undefined : Redacted.value(token)

const failureOf = (path: string) => Effect.map(Effect.flip(read(path)), (error) => error.message)

/** With these variables in the environment. */
const withEnv = (variables: { readonly [name: string]: string | undefined }) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const before = Object.fromEntries(Object.keys(variables).map((name) => [name, process.env[name]]))
      set(variables)
      return before
    }),
    (before) => Effect.sync(() => set(before))
  )

const set = (variables: { readonly [name: string]: string | undefined }): void => {
  for (const [name, value] of Object.entries(variables)) {
    if (value === undefined) {
      delete process.env[name]
    } else {
      process.env[name] = value
    }
  }
}

const v1 = "client.authentication.k8s.io/v1"

/** A plugin that runs this script of Node's, in which `give` prints an ExecCredential with this status. */
const plugin = (script: string, further: object = {}) => ({
  exec: {
    apiVersion: v1,
    command: process.execPath,
    args: [
      "-e",
      `const fs = require("node:fs")
      const give = (status) => console.log(JSON.stringify({ apiVersion: "${v1}", kind: "ExecCredential", status }))
      ${script}`
    ],
    interactiveMode: "Never",
    ...further
  }
})

const counted = (file: string, status: string): string =>
  `fs.appendFileSync(${JSON.stringify(file)}, "x"); const run = fs.readFileSync(${
    JSON.stringify(file)
  }, "utf8").length; give(${status})`

const runsIn = (file: string) =>
  Effect.promise(async () => (await NodeFs.readFile(file, "utf8").catch(() => "")).length)

/** Files and plugins take real time. */
const eventually = <E, R>(holds: Effect.Effect<boolean, E, R>) =>
  Effect.repeat(
    Effect.zipRight(Effect.promise(() => new Promise((resolve) => setTimeout(resolve, 5))), holds),
    { until: (isSo) => isSo, times: 2000 }
  )

describe("F50 a kubeconfig as kubectl reads it", () => {
  it.scoped("F50 of a list, the first file to name an entry decides on it; missing and empty ones are passed over", () =>
    Effect.gen(function*() {
      const { path, write } = yield* folder
      const good = yield* write("good", config({ user: { token: "good" } }))
      const same = yield* write(
        "same",
        config({ cluster: { server: "https://other", "tls-server-name": "x" }, user: { token: "other" } })
      )
      const other = yield* write("other", {
        "current-context": "d",
        clusters: [{ name: "l", cluster: { server: "https://other" } }],
        users: [{ name: "v", user: { token: "other" } }],
        contexts: [{ name: "d", context: { cluster: "l", user: "v" } }]
      })
      const onlyContext = yield* write("only", { "current-context": "c", clusters: null, users: null, contexts: null })
      const noContext = yield* write("none", { "current-context": "" })
      const blank = yield* write("blank", "---\n# nothing yet\n\n")
      const missing = join(path, "missing")
      for (
        const files of [
          ["", good, ""],
          [good, missing],
          [missing, good],
          [good, same],
          [good, other],
          [onlyContext, good, other],
          [noContext, good],
          [blank, good]
        ]
      ) {
        yield* Effect.scoped(Effect.gen(function*() {
          yield* withEnv({ KUBECONFIG: files.join(delimiter) })
          const { get } = yield* credentialsOf({})
          const endpoint = yield* get
          assert.deepStrictEqual(
            [endpoint.baseUrl, tokenOf(endpoint), endpoint.serverName],
            ["https://a.example", "good", undefined],
            files.join()
          )
        }))
      }
      yield* withEnv({ KUBECONFIG: [good, other].join(delimiter) })
      const { get } = yield* credentialsOf({ context: "d" })
      assert.strictEqual((yield* get).baseUrl, "https://other")
    }))

  it("F50 without $KUBECONFIG it is ~/.kube/config, and a path of one's own goes before both", () => {
    assert.deepStrictEqual(locationsOf({}, { HOME: "/home/me" }).files, ["/home/me/.kube/config"])
    assert.deepStrictEqual(locationsOf({}, { HOME: "/home/me", KUBECONFIG: "" }).files, ["/home/me/.kube/config"])
    assert.deepStrictEqual(locationsOf({}, { KUBECONFIG: ["a", "", "b", "a"].join(delimiter) }).files, ["a", "b"])
    assert.deepStrictEqual(locationsOf({ path: "x" }, { KUBECONFIG: "a" }).files, ["x"])
  })

  it.scoped("F50 none at all, one that is asked for and missing, and one that cannot be read say so", () =>
    Effect.gen(function*() {
      const { path } = yield* folder
      assert.match(yield* failureOf(join(path, "missing")), /missing cannot be read: ENOENT/)
      assert.match(yield* failureOf(path), /cannot be read: EISDIR/)
      yield* withEnv({ KUBECONFIG: [join(path, "a"), join(path, "b")].join(delimiter) })
      const { get } = yield* credentialsOf({})
      assert.match((yield* Effect.flip(get)).message, /none of .*a, .*b exists/)
    }))

  it.scoped("F50 every path is relative to the file that names it", () =>
    Effect.gen(function*() {
      const { write } = yield* folder
      yield* write("deep/ca.crt", certificate)
      yield* write("deep/client.crt", certificate)
      yield* write("deep/keys/client.key", privateKey)
      yield* write("deep/token", "from-file\n")
      yield* write(
        "deep/bin/plugin",
        `#!/bin/sh\necho '{"apiVersion":"${v1}","kind":"ExecCredential","status":{"token":"from-plugin"}}'\n`,
        0o700
      )
      const cluster = { "certificate-authority": "ca.crt" }
      const first = yield* read(
        yield* write(
          "deep/config",
          config({
            cluster,
            user: { tokenFile: "./token", "client-certificate": "client.crt", "client-key": "keys/client.key" }
          })
        )
      )
      assert.strictEqual(first.caCert?.trim(), certificate.trim())
      assert.strictEqual(tokenOf(first), "from-file")
      assert.strictEqual(first.clientCertificate?.cert, certificate)
      for (const command of ["./bin/plugin", "bin/plugin"]) {
        const exec = { apiVersion: v1, command, interactiveMode: "Never" }
        assert.strictEqual(
          tokenOf(yield* read(yield* write("deep/config2", config({ cluster, user: { exec } })))),
          "from-plugin"
        )
      }
      // In a list, each file has a folder of its own.
      const users = yield* write("deep/users", { users: [{ name: "u", user: { tokenFile: "token" } }] })
      const rest = yield* write("rest", { ...config({}), users: null })
      yield* withEnv({ KUBECONFIG: [rest, users].join(delimiter) })
      const { get } = yield* credentialsOf({})
      assert.strictEqual(tokenOf(yield* get), "from-file")
    }))

  it.scoped("F50 data in the file goes before a file beside it, a token file before a token, both before a plugin", () =>
    Effect.gen(function*() {
      const { path, write } = yield* folder
      yield* write("token", "\tfrom-file \r\n")
      const data = yield* read(
        yield* write(
          "data",
          config({
            cluster: { "certificate-authority": "missing", "certificate-authority-data": base64(certificate) },
            user: {
              "client-certificate": "missing",
              "client-certificate-data": base64(certificate),
              "client-key": "missing",
              "client-key-data": base64(privateKey)
            }
          })
        )
      )
      assert.strictEqual(data.caCert?.trim(), certificate.trim())
      assert.strictEqual(data.clientCertificate?.cert, certificate)
      const both = { token: "inline", tokenFile: "token" }
      assert.strictEqual(tokenOf(yield* read(yield* write("both", config({ user: both })))), "from-file")
      const gone = { token: "inline", tokenFile: "missing", ...plugin("process.exit(1)") }
      assert.strictEqual(tokenOf(yield* read(yield* write("gone", config({ user: gone })))), "inline")
      assert.match(
        yield* failureOf(yield* write("alone", config({ user: { tokenFile: "missing" } }))),
        new RegExp(`tokenFile that cannot be read: ENOENT.*${path}/missing`)
      )
    }))

  it.scoped("F50 a server on loopback needs neither https nor a user", () =>
    Effect.gen(function*() {
      const { write } = yield* folder
      const server = { server: "http://localhost:8001" }
      for (
        const rest of [{}, { users: [], contexts: [{ name: "c", context: { cluster: "k" } }] }, {
          users: [{ name: "u" }]
        }]
      ) {
        const endpoint = yield* read(yield* write("config", config({ cluster: server, ...rest })))
        assert.deepStrictEqual([endpoint.baseUrl, endpoint.token], ["http://localhost:8001", undefined])
      }
    }))

  it.scoped("F50 what stands there as null or empty is absent", () =>
    Effect.gen(function*() {
      const { write } = yield* folder
      const endpoint = yield* read(
        yield* write(
          "config",
          config({
            cluster: {
              "certificate-authority": "",
              "certificate-authority-data": null,
              "proxy-url": "",
              "tls-server-name": "",
              "insecure-skip-tls-verify": false,
              extensions: null
            },
            user: {
              token: "t",
              tokenFile: "",
              exec: null,
              "auth-provider": null,
              as: "",
              "as-groups": [],
              username: null
            }
          })
        )
      )
      assert.deepStrictEqual([tokenOf(endpoint), endpoint.caCert, endpoint.serverName], ["t", undefined, undefined])
    }))

  it.scoped("F50 C5 what is wrong with a file is told by its place, and nothing of it is quoted", () =>
    Effect.gen(function*() {
      const { write } = yield* folder
      const secret = "top-secret-token"
      for (
        const [content, told] of [
          [`users:\n- token: ${secret}\n  {`, /it is no YAML, see line \d/],
          [`users: *${secret}`, /it is no YAML/],
          [secret, /it holds no mapping/],
          [config({ user: { token: [secret] } }), /users\.0\.user\.token is missing or of a wrong kind/],
          [config({ user: { exec: { command: secret } } }), /users\.0\.user\.exec\.apiVersion is missing/],
          [{ ...config({}), users: [{ user: { token: secret } }] }, /users\.0\.name is missing/],
          [
            { ...config({}), users: [{ name: "u" }, { name: "u", user: { token: secret } }] },
            /names the user "u" twice/
          ],
          [{ ...config({}), users: [{ name: "v", user: { token: secret } }] }, /has no user "u"/],
          [{ ...config({}), "current-context": "x" }, /has no context "x"; it has "c"/],
          [{ ...config({}), "current-context": null }, /has no current context; it has "c"/],
          [config({ cluster: { server: null } }), /has no server for cluster "k"/],
          [config({ cluster: { server: `https://u:${secret}@a.example` } }), /server is not a URL without user/],
          [config({ cluster: { "certificate-authority-data": secret } }), /certificate-authority-data of cluster "k"/],
          [config({ user: { "client-certificate-data": base64(certificate) } }), /without its key/],
          [config({ user: { token: `${secret} ${secret}` } }), /characters that no bearer token has/],
          [config({ cluster: { "proxy-url": `http://u:${secret}@proxy` } }), /not supported: proxy-url/],
          [config({ user: { "auth-provider": { name: "gcp", config: { x: secret } } } }), /auth-provider gcp/],
          [
            config({ user: { "auth-provider": { name: "oidc", config: { "id-token": secret } } } }),
            /auth-provider oidc/
          ]
        ] as const
      ) {
        const error = yield* Effect.flip(read(yield* write("config", content)))
        assert.match(error.message, told)
        assert.notInclude(inspect(error, { depth: null, showHidden: true }), secret)
      }
    }))
})

describe("F47 a kubeconfig that is rewritten", () => {
  it.scoped("F47 is read again when a minute old, with another server, CA and token", () =>
    Effect.gen(function*() {
      const { write } = yield* folder
      const path = yield* write("config", config({ user: { token: "old" } }))
      const { get } = yield* credentialsOf({ path })
      assert.strictEqual(tokenOf(yield* get), "old")
      const cluster = { server: "https://new.example", "certificate-authority-data": base64(certificate) }
      yield* write("config", config({ cluster, user: { token: "new" } }))
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(tokenOf(yield* get), "old")
      yield* eventually(Effect.map(get, (endpoint) => tokenOf(endpoint) === "new"))
      assert.deepInclude(yield* get, { baseUrl: "https://new.example" })
      assert.include((yield* get).caCert, "CERTIFICATE")
    }))

  it.scoped("F47 one that could not be used is read anew at the next try", () =>
    Effect.gen(function*() {
      const { write } = yield* folder
      const path = yield* write("config", config({ user: plugin("process.exit(3)") }))
      const { get } = yield* credentialsOf({ path })
      assert.match((yield* Effect.flip(get)).message, /exit code 3/)
      yield* write("config", config({ user: { token: "t" } }))
      assert.strictEqual(tokenOf(yield* get), "t")
    }))

  it.scoped("F44 a token file that is away is used on, whatever token stands beside it", () =>
    Effect.gen(function*() {
      const { path, write } = yield* folder
      yield* write("token", "from-file")
      const { get, refresh } = yield* credentialsOf({
        path: yield* write("config", config({ user: { token: "inline", tokenFile: "token" } }))
      })
      yield* get
      yield* Effect.promise(() => NodeFs.rm(join(path, "token")))
      yield* TestClock.adjust("1 minute")
      yield* get
      yield* Effect.promise(() => new Promise((resolve) => setTimeout(resolve, 50)))
      assert.strictEqual(tokenOf(yield* get), "from-file")
      assert.strictEqual(tokenOf(yield* refresh), "inline")
    }))
})

describe("F51 an exec plugin", () => {
  it.scoped("F51 is told what it is asked for, and of the cluster where its kubeconfig says so", () =>
    Effect.gen(function*() {
      const { write } = yield* folder
      const told = yield* write("told", "")
      const script = `fs.writeFileSync(${JSON.stringify(told)}, JSON.stringify({
        info: JSON.parse(process.env.KUBERNETES_EXEC_INFO), own: process.env.OWN, path: process.env.PATH, tty: process.stdin.isTTY }))
        give({ token: "t" })`
      const cluster = {
        server: "https://a.example/x",
        "tls-server-name": "b.example",
        "certificate-authority-data": base64(certificate),
        extensions: [{ name: "other", extension: 1 }, {
          name: "client.authentication.k8s.io/exec",
          extension: { audience: "x" }
        }]
      }
      const run = (further: object) =>
        Effect.gen(function*() {
          yield* read(yield* write("config", config({ cluster, user: plugin(script, further) })))
          return JSON.parse(yield* Effect.promise(() => NodeFs.readFile(told, "utf8")))
        })
      const bare = yield* run({ env: [{ name: "OWN", value: "1" }] })
      assert.deepStrictEqual(bare.info, { kind: "ExecCredential", apiVersion: v1, spec: { interactive: false } })
      assert.deepInclude(bare, { own: "1", path: process.env["PATH"] })
      const { info } = yield* run({
        provideClusterInfo: true,
        env: null,
        installHint: "x",
        interactiveMode: "IfAvailable"
      })
      assert.deepStrictEqual(info.spec.cluster, {
        server: "https://a.example/x",
        "tls-server-name": "b.example",
        "certificate-authority-data": base64(`${certificate.trim()}\n`),
        config: { audience: "x" }
      })
    }))

  it.scoped("F51 is run once until its credential expires, or the server refuses it", () =>
    Effect.gen(function*() {
      const { write } = yield* folder
      const runs = yield* write("runs", "")
      const script = counted(
        runs,
        `{ token: "t" + run, expirationTimestamp: run === 1 ? "1970-01-01T00:10:00Z" : null }`
      )
      const { get, refresh } = yield* credentialsOf({ path: yield* write("config", config({ user: plugin(script) })) })
      const later = (minutes: number) =>
        Effect.gen(function*() {
          yield* TestClock.adjust(`${minutes} minutes`)
          yield* get
          yield* Effect.promise(() => new Promise((resolve) => setTimeout(resolve, 200)))
        })
      assert.strictEqual(tokenOf(yield* get), "t1")
      yield* later(5)
      assert.strictEqual(yield* runsIn(runs), 1)
      yield* TestClock.adjust("5 minutes")
      yield* get
      yield* eventually(Effect.map(get, (endpoint) => tokenOf(endpoint) === "t2"))
      yield* later(60)
      assert.strictEqual(yield* runsIn(runs), 2)
      assert.strictEqual(tokenOf(yield* refresh), "t3")
    }))

  it.scoped("F44 one that fails again is used on", () =>
    Effect.gen(function*() {
      const { write } = yield* folder
      const runs = yield* write("runs", "")
      const script = `if (fs.readFileSync(${JSON.stringify(runs)}, "utf8") !== "") process.exit(1)
        ${counted(runs, `{ token: "t", expirationTimestamp: "1970-01-01T00:00:30Z" }`)}`
      const { get } = yield* credentialsOf({ path: yield* write("config", config({ user: plugin(script) })) })
      yield* get
      for (let minute = 0; minute < 3; minute++) {
        yield* TestClock.adjust("1 minute")
        assert.strictEqual(tokenOf(yield* get), "t")
        yield* Effect.promise(() => new Promise((resolve) => setTimeout(resolve, 200)))
      }
      assert.strictEqual(tokenOf(yield* get), "t")
    }))

  it.scoped("F51 may give a client certificate, with or without a token", () =>
    Effect.gen(function*() {
      const { write } = yield* folder
      const status = { clientCertificateData: certificate, clientKeyData: privateKey }
      for (const token of [undefined, "t"]) {
        const endpoint = yield* read(
          yield* write("config", config({ user: plugin(`give(${JSON.stringify({ ...status, token })})`) }))
        )
        assert.strictEqual(endpoint.clientCertificate?.cert, certificate)
        assert.strictEqual(tokenOf(endpoint), token)
      }
    }))

  it.scoped("F51 C5 one that fails says how, and quotes nothing that it printed or was given", () =>
    Effect.gen(function*() {
      const { write } = yield* folder
      const secret = "top-secret-token"
      const printing = (text: string, rest = "") => plugin(`process.stdout.write(${JSON.stringify(text)});${rest}`)
      const credential = { apiVersion: v1, kind: "ExecCredential" }
      for (
        const [user, told] of [
          [printing(secret), /printed no ExecCredential/],
          [printing(""), /printed no ExecCredential/],
          [
            printing(JSON.stringify({ ...credential, status: { token: secret } }).slice(0, -1)),
            /printed no ExecCredential/
          ],
          [printing(JSON.stringify([secret])), /printed no ExecCredential/],
          [printing(JSON.stringify({ ...credential, token: secret })), /printed no ExecCredential/],
          [printing(JSON.stringify({ ...credential, kind: secret, status: {} })), /printed no ExecCredential/],
          [printing(JSON.stringify({ ...credential, status: { token: "", x: secret } })), /neither a token nor/],
          [printing(JSON.stringify({ ...credential, status: { clientKeyData: secret } })), /without its/],
          [printing(JSON.stringify({ ...credential, status: { token: "t", expirationTimestamp: secret } })), /no time/],
          [printing(JSON.stringify({ ...credential, apiVersion: secret, status: { token: "t" } })), /another version/],
          [printing(JSON.stringify({ ...credential, status: { token: `${secret} x` } })), /no bearer token has/],
          [printing("", `console.error("${secret}"); process.exit(7)`), /ended with exit code 7/],
          [printing("", `process.kill(process.pid, "SIGTERM")`), /ended with signal SIGTERM/],
          [
            plugin(`process.stdout.write("${secret}".repeat(1e5)); setInterval(() => {}, 1000)`),
            /printed more than 1048576 bytes/
          ],
          [
            plugin("", { command: "no-such-plugin", installHint: "\u001b[1mbrew install\u001b[0m it" }),
            /ENOENT.*brew install it/
          ],
          [plugin("", { interactiveMode: "Always" }), /interactiveMode Always/]
        ] as const
      ) {
        const error = yield* Effect.flip(read(yield* write("config", config({ user }))))
        assert.match(error.message, told)
        assert.notInclude(inspect(error, { depth: null, showHidden: true }), secret)
      }
    }))

  it.scopedLive("F52 one that hangs is ended with all that it has started, when nobody wants it any more", () =>
    Effect.gen(function*() {
      const { path, write } = yield* folder
      const pids = join(path, "pids")
      const script =
        `const child = require("node:child_process").spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"])
        fs.writeFileSync(${JSON.stringify(pids)}, process.pid + " " + child.pid); setInterval(() => {}, 1000)`
      const file = yield* write("config", config({ user: plugin(script) }))
      const running = Effect.promise(async () =>
        (await NodeFs.readFile(pids, "utf8").catch(() => "")).split(" ").filter((pid) =>
          pid !== "" && isAlive(Number(pid))
        )
          .length
      )
      yield* Effect.scoped(Effect.gen(function*() {
        const { get } = yield* credentialsOf({ path: file })
        const asking = yield* Effect.all(Array.from({ length: 5 }, () => Effect.fork(get)))
        yield* eventually(Effect.map(running, (count) => count === 2))
        // Those who no longer wait leave it to those who still do.
        yield* Fiber.interruptAll(asking)
        assert.strictEqual(yield* running, 2)
      }))
      yield* eventually(Effect.map(running, (count) => count === 0))
    }))
})

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

describe("F52 a command", () => {
  const hangs = {
    command: process.execPath,
    args: ["-e", "process.stdout.write(String(process.pid)); setInterval(() => {}, 1000)"],
    env: {},
    mostBytes: 100
  }

  it.live("F52 whose time is up is ended", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* run({ ...hangs, longestMillis: 300 }), Ending.TimedOut())
      assert.strictEqual(process.listeners("exit").filter(({ name }) => name === "end").length, 0)
    }))

  it.live("F52 that nobody waits for any more is ended", () =>
    Effect.gen(function*() {
      const fiber = yield* Effect.fork(run({ ...hangs, longestMillis: 60_000 }))
      yield* eventually(Effect.sync(() => process.listeners("exit").some(({ name }) => name === "end")))
      yield* Fiber.interrupt(fiber)
      assert.strictEqual(process.listeners("exit").filter(({ name }) => name === "end").length, 0)
    }))
})

describe("@kubernetes/client-node", () => {
  it("F50 in its version 2 says which Node it needs, where this one is too old", () => {
    for (
      const [version, node, isRight] of [
        ["1.4.0", "20.20.2", true],
        ["2.0.1", "20.20.2", false],
        ["2.0.1", "22.18.0", false],
        ["2.0.1", "22.19.0", true],
        ["2.0.1", "24.0.0", true],
        ["3.0.0", "20.0.0", false]
      ] as const
    ) {
      const why = whyNotOn(version, { node })
      assert.strictEqual(why === undefined, isRight, `${version} on ${node}`)
      if (why !== undefined) {
        assert.include(why, `${version} needs Node 22.19 or later, and this is Node ${node}`)
      }
    }
    assert.isUndefined(whyNotOn("2.0.1", { node: "20.0.0", bun: "1.4.0" }))
    assert.isUndefined(whyNotOn("2.0.1", { node: "20.0.0", deno: "2.9.6" }))
  })
})
