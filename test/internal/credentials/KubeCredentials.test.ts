import { describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/TestClock"
import * as NodeFs from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { inspect } from "node:util"
import { assert } from "vitest"
import { inClusterBaseUrl } from "../../../src/internal/credentials/baseUrl.js"
import type { Options } from "../../../src/KubeCredentials.js"
import * as KubeCredentials from "../../../src/KubeCredentials.js"
import { CredentialsError } from "../../../src/KubeError.js"
import { certificate } from "../../../src/testing/internal/testCertificate.js"
import { countLogged, layer as logs } from "../../support/logs.js"

const secret = "top-secret-token"

const options: Options = { baseUrl: "https://10.0.0.1:6443", token: Redacted.make(secret) }

const get = Effect.flatMap(KubeCredentials.KubeCredentials, ({ get }) => get)
const refresh = Effect.flatMap(KubeCredentials.KubeCredentials, ({ refresh }) => refresh)
const tokenOf = Effect.map(({ token }: KubeCredentials.Endpoint) => token === undefined ? "" : Redacted.value(token))

const built = (options: Options) => Effect.scoped(Layer.build(KubeCredentials.layer(options)))

const faultsOf = (options: Options) =>
  Effect.map(Effect.flip(built(options)), ({ faults }) => faults.map(({ field }) => field))

/** Files are read in real time. */
const eventually = <E, R>(holds: Effect.Effect<boolean, E, R>) =>
  Effect.repeat(Effect.zipRight(Effect.promise(() => new Promise((resolve) => setImmediate(resolve))), holds), {
    until: (isSo) => isSo
  })

/** A source of tokens that counts how often it is read. */
const counting = () => {
  let reads = 0
  return Effect.sync(() => Redacted.make(`token-${++reads}`))
}

describe("KubeCredentials", () => {
  it("C1 finds the pod's API server by its environment", () => {
    const env = (host?: string, port?: string) =>
      inClusterBaseUrl({ KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port })
    assert.strictEqual(env("10.96.0.1", "443"), "https://10.96.0.1:443")
    assert.strictEqual(env("fd00::1", "6443"), "https://[fd00::1]:6443")
    assert.strictEqual(env("kubernetes.example", "443"), "https://kubernetes.example:443")
    assert.strictEqual(env(), "https://kubernetes.default.svc")
    assert.strictEqual(env("10.96.0.1"), "https://kubernetes.default.svc")
  })

  it.effect("C1 outside a pod says what is missing", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(get)
      assert.instanceOf(error, CredentialsError)
      assert.strictEqual(error.path, "/var/run/secrets/kubernetes.io/serviceaccount/token")
      assert.include(error.message, "automountServiceAccountToken")
    }).pipe(Effect.provide(KubeCredentials.layerInCluster)))

  it.effect("F14 C2 reads the token anew when it is a minute old, and not before", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* tokenOf(get), "token-1")
      yield* TestClock.adjust("59999 millis")
      assert.strictEqual(yield* tokenOf(get), "token-1")
      yield* TestClock.adjust("1 millis")
      yield* get
      yield* Effect.repeatN(Effect.yieldNow(), 20)
      assert.strictEqual(yield* tokenOf(get), "token-2")
    }).pipe(Effect.provide(KubeCredentials.layer({ ...options, token: counting() }))))

  it.effect("F14 C2 reads it at once after a 401", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* tokenOf(get), "token-1")
      yield* TestClock.adjust("1 millis")
      assert.strictEqual(yield* tokenOf(refresh), "token-2")
      assert.strictEqual(yield* tokenOf(get), "token-2")
    }).pipe(Effect.provide(KubeCredentials.layer({ ...options, token: counting() }))))

  it.effect("C2 many who ask at once share one read", () =>
    Effect.gen(function*() {
      const tokens = yield* Effect.all(Array.from({ length: 10 }, () => tokenOf(get)), { concurrency: "unbounded" })
      assert.deepStrictEqual([...new Set(tokens)], ["token-1"])
    }).pipe(Effect.provide(KubeCredentials.layer({
      ...options,
      token: Effect.zipRight(Effect.yieldNow(), counting())
    }))))

  it.effect("C2 a failed read is not remembered", () => {
    let reads = 0
    const token = Effect.suspend(() =>
      ++reads === 1 ? Effect.fail(new CredentialsError({ message: "not yet" })) : Effect.succeed(Redacted.make(secret))
    )
    return Effect.gen(function*() {
      assert.strictEqual((yield* Effect.flip(get)).message, "not yet")
      assert.strictEqual(yield* tokenOf(get), secret)
    }).pipe(Effect.provide(KubeCredentials.layer({ ...options, token })))
  })

  it.scoped("F14 C2 picks up files that the kubelet has rotated", () =>
    Effect.gen(function*() {
      const folder = yield* Effect.acquireRelease(
        Effect.promise(() => NodeFs.mkdtemp(join(tmpdir(), "kubernetes-lease-"))),
        (folder) => Effect.promise(() => NodeFs.rm(folder, { recursive: true }))
      )
      const tokenPath = join(folder, "token")
      const caCertPath = join(folder, "ca.crt")
      const write = (token: string) => Effect.promise(() => NodeFs.writeFile(tokenPath, token))
      yield* write("first\n")
      yield* Effect.promise(() => NodeFs.writeFile(caCertPath, certificate))
      yield* Effect.gen(function*() {
        assert.deepInclude(yield* get, { baseUrl: options.baseUrl, caCert: certificate })
        assert.strictEqual(yield* tokenOf(get), "first")
        yield* write("second\n")
        yield* TestClock.adjust("1 minute")
        yield* get
        yield* eventually(Effect.map(tokenOf(get), (token) => token === "second"))
        yield* write("  \n")
        assert.strictEqual((yield* Effect.flip(refresh)).path, tokenPath)
        yield* Effect.promise(() => NodeFs.writeFile(caCertPath, "garbage"))
        yield* write("third")
        assert.strictEqual((yield* Effect.flip(refresh)).path, caCertPath)
      }).pipe(Effect.provide(KubeCredentials.layerFiles({ baseUrl: options.baseUrl, tokenPath, caCertPath })))
    }))

  it.effect("F49 one certificate that cannot be read is passed over, and named once", () => {
    const unreadable = `-----BEGIN CERTIFICATE-----\n${btoa("no certificate")}\n-----END CERTIFICATE-----\n`
    return Effect.gen(function*() {
      for (
        const caCert of [
          unreadable + certificate,
          certificate + unreadable,
          `# one\n${unreadable}\n# two\n${certificate}`
        ]
      ) {
        yield* Effect.gen(function*() {
          assert.strictEqual((yield* get).caCert?.trim(), certificate.trim())
          assert.strictEqual((yield* refresh).caCert?.trim(), certificate.trim())
        }).pipe(Effect.provide(KubeCredentials.layer({ ...options, caCert })))
      }
      assert.strictEqual(yield* countLogged("Warning", "caCert: certificate 1 of 2 cannot be read"), 2)
      assert.strictEqual(yield* countLogged("Warning", "caCert: certificate 2 of 2 cannot be read"), 1)
      assert.deepStrictEqual(yield* faultsOf({ ...options, caCert: unreadable }), ["caCert"])
    }).pipe(Effect.provide(logs))
  })

  it.effect("C3 refuses addresses that would show the token or are none", () =>
    Effect.gen(function*() {
      for (
        const baseUrl of [
          "https://a.example",
          "https://[::1]:6443",
          "http://127.0.0.1:8080",
          "http://localhost",
          "http://[::1]:1",
          "https://proxy.example/k8s/clusters/c-1"
        ]
      ) {
        yield* built({ ...options, baseUrl })
      }
      for (
        const baseUrl of [
          "",
          "10.0.0.1",
          "ftp://a.example",
          "http://a.example",
          "http://127.0.0.1.example",
          "https://u:p@a.example",
          "https://a.example?x",
          "https://a.example/#x",
          "https://u/p@a.example"
        ]
      ) {
        assert.deepStrictEqual(yield* faultsOf({ ...options, baseUrl }), ["baseUrl"], baseUrl)
      }
    }))

  it.effect("lists every fault", () =>
    Effect.gen(function*() {
      const faults = yield* faultsOf({
        baseUrl: "http://a.example",
        token: Redacted.make("two words"),
        caCert: "garbage"
      })
      assert.sameMembers([...faults], ["baseUrl", "token", "caCert"])
    }))

  it.effect("F30 C5 no fault shows a password or a token", () =>
    Effect.gen(function*() {
      const exit = yield* Effect.exit(
        built({ baseUrl: `https://user:${secret}@a.example`, token: Redacted.make(`${secret} ${secret}`) })
      )
      assert.isTrue(exit._tag === "Failure")
      const shown = [inspect(exit, { depth: null }), JSON.stringify(exit), String(exit)]
      if (exit._tag === "Failure") {
        shown.push(Cause.pretty(exit.cause), inspect(Cause.squash(exit.cause), { depth: null }))
      }
      assert.notInclude(shown.join(), secret)
    }))

  it.effect("F53 C5 no spelling of a URL shows what may be a password", () =>
    Effect.gen(function*() {
      for (
        const baseUrl of [
          `https://user:${secret}@host:6443`,
          `https:user:${secret}@host:6443`,
          `https:\\\\user:${secret}@host`,
          `https://user:${secret}/x@host`,
          `https://user:x/${secret}@host`,
          `https://user/${secret}@host`,
          `https://@${secret}@host`,
          `//user:${secret}@host`,
          `user:${secret}@host:6443`,
          `${secret}@host`,
          `https:///user:${secret}@host`,
          `ftp://user:${secret}@host`,
          `ftp://host/${secret}`,
          `https://host/?access_token=${secret}`,
          `https://host/#${secret}`,
          `http://example.com/${secret}`,
          `http://example.com/?token=${secret}`,
          ` https://user:${secret}@host`
        ]
      ) {
        const invalid = yield* Effect.flip(built({ ...options, baseUrl }))
        assert.notInclude(inspect(invalid, { depth: null, showHidden: true }), secret, baseUrl)
      }
      const shown = (baseUrl: string) =>
        Effect.map(Effect.flip(built({ ...options, baseUrl })), ({ faults }) => faults[0]?.value)
      assert.strictEqual(yield* shown("10.0.0.1:6443"), "10.0.0.1:6443")
      assert.strictEqual(yield* shown("http://a.example:8080"), "http://a.example:8080")
      assert.strictEqual(yield* shown("https://u:p@a.example"), "https://…@a.example")
    }))

  it.effect("reads a Config", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* tokenOf(get), secret)
    }).pipe(
      Effect.provide(KubeCredentials.layerConfig({ baseUrl: Config.string("URL"), token: Config.redacted("TOKEN") })),
      Effect.withConfigProvider(ConfigProvider.fromMap(new Map([["URL", options.baseUrl], ["TOKEN", secret]])))
    ))
})
