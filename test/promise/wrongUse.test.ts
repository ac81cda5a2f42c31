import { afterEach, assert, describe, it, vi } from "vitest"
import { InMemoryLease } from "../../src/InMemoryLease.js"
import { InvalidSettings } from "../../src/InvalidSettings.js"
import { KubernetesLease } from "../../src/KubernetesLease.js"
import { rejection } from "../support/twins.js"

const settings = { namespace: "default", name: "leader", owner: "me", ttlMs: 30_000 }

const work = () => Promise.resolve()

/** As whoever has no type checker. */
const untyped = (method: (...given: Array<never>) => unknown) => (...given: ReadonlyArray<unknown>): unknown =>
  Reflect.apply(method, undefined, given)

const kubernetes = untyped((given: never) => new KubernetesLease(given))
const memory = untyped((given: never) => new InMemoryLease(given))
const lead = untyped((...given) => Reflect.apply(KubernetesLease.lead, KubernetesLease, given))
const waitWith = untyped((options: never) => new InMemoryLease(settings).waitUntilAcquired(options))
const releaseWith = untyped((options: never) => new InMemoryLease(settings).release(options))
const onLost = untyped((handler: never) => new InMemoryLease(settings).onLost(handler))

const failure = async (call: () => unknown): Promise<InvalidSettings> => {
  let error: unknown
  try {
    error = await rejection(Promise.resolve(call()))
  } catch (thrown) {
    error = thrown
  }
  assert.instanceOf(error, InvalidSettings)
  return error
}

/** What a user does, and a line of what is said about it. */
const wrongUses: ReadonlyArray<readonly [what: string, use: () => unknown, says: string]> = [
  ["no settings", () => kubernetes(), "settings is undefined, expected an object, such as {"],
  ["null", () => kubernetes(null), "settings is null, expected an object"],
  ["a text", () => memory("leader"), `settings is "leader", expected an object`],
  ["an array", () => memory([settings]), "settings is an array, expected an object"],
  ["a builder of nothing", () => kubernetes({ build: () => null }), "settings is null, expected an object"],
  ["a misspelt ttl", () => kubernetes({ ...settings, ttl: 1 }), "ttl is no setting; did you mean ttlMs?"],
  [
    "a misspelt interval",
    () => memory({ ...settings, renewIntervalMs: 1 }),
    "renewIntervalMs is no setting; did you mean renewalIntervalMs?"
  ],
  [
    "a text for a duration",
    () => kubernetes({ ...settings, ttlMs: "30 seconds" }),
    `ttlMs is "30 seconds", expected a number of milliseconds from 500 to 2147483647`
  ],
  ["no ttl", () => memory({ name: "a" }), "ttlMs is undefined, expected a number of milliseconds from 10 to"],
  ["null for a ttl", () => memory({ ...settings, ttlMs: null }), "ttlMs is null, expected a number"],
  [
    "null for an optional duration",
    () => kubernetes({ ...settings, renewDeadlineMs: null }),
    "renewDeadlineMs is null, expected a number of milliseconds"
  ],
  [
    "a text for a wait",
    () => kubernetes({ ...settings, acquireWaitMs: "5" }),
    `acquireWaitMs is "5", expected a number of milliseconds from 0`
  ],
  [
    "variables that are not set",
    () => kubernetes({ ...settings, owner: `${process.env["KL_NOWHERE"]}_${process.env["KL_NOWHERE"]}` }),
    `owner is "undefined_undefined", expected the name of one process: "undefined" is left where a variable was not set`
  ],
  ["an owner that is empty", () => memory({ ...settings, owner: "" }), `owner is "", expected 1 to 253 printable`],
  ["null for an owner", () => memory({ ...settings, owner: null }), "owner is null, expected 1 to 253 printable"],
  [
    "a number for a name",
    () => memory({ ...settings, name: 7 }),
    "name is 7, expected the name of the Lease, an RFC 1123 subdomain"
  ],
  [
    "null for labels",
    () => memory({ ...settings, labels: null }),
    "labels is null, expected an object of labels and their values"
  ],
  [
    "an object that is no logger",
    () => memory({ ...settings, logger: { log: () => {} } }),
    "logger is an object, expected a function (level, message, fields), the console, or"
  ],
  ["a number for a URL", () => kubernetes({ ...settings, apiBaseUrl: 6443 }), "apiBaseUrl is 6443, expected the https"],
  [
    "a Buffer for a token",
    () => kubernetes({ ...settings, serviceAccountToken: Buffer.from("secret") }),
    "serviceAccountToken is <redacted>, expected a bearer token as text"
  ],
  [
    "the other spelling",
    () => kubernetes({ ...settings, apiServerUrl: "ftp://a" }),
    `apiServerUrl is "ftp://a", expected the https URL`
  ],
  [
    "a Buffer for a CA",
    () => kubernetes({ ...settings, caCert: Buffer.from("") }),
    "caCert is an object, expected cert"
  ],
  [
    "an unknown key of a kubeconfig",
    () => kubernetes({ ...settings, kubeconfig: { file: "a" } }),
    "kubeconfig is an object, expected true, a path"
  ],
  [
    "a token beside a kubeconfig",
    () => kubernetes({ ...settings, kubeconfig: true, authToken: "secret" }),
    "authToken has no place beside a kubeconfig"
  ],
  [
    "the signal in the place of lead's options",
    () => lead(settings, work, new AbortController().signal),
    "options is an AbortSignal, expected an object, such as { signal }"
  ],
  ["lead without work", () => lead(settings), "work is undefined, expected a function ({ signal, token })"],
  ["lead with the controller", () => lead(settings, work, { signal: new AbortController() }), "signal is an object"],
  [
    "another choice",
    () => lead(settings, work, { onError: "throw" }),
    `onError is "throw", expected "retry" or "stop"`
  ],
  ["an unknown option of lead", () => lead(settings, work, { sginal: 1 }), "did you mean signal?"],
  ["the signal in the place of a wait's options", () => waitWith(AbortSignal.abort()), "options is an AbortSignal"],
  ["null for a wait's options", () => waitWith(null), "options is null, expected an object"],
  ["a successor in the place of release's options", () => releaseWith("b"), `options is "b", expected an object`],
  ["a successor that is no name", () => releaseWith({ to: `${undefined}` }), `to is "undefined", expected`],
  ["a text for a hand-over's time", () => releaseWith({ to: "b", handOverMs: "1 s" }), `handOverMs is "1 s", expected`],
  ["a text for a handler", () => onLost("x"), `handler is "x", expected a function (reason, lost)`]
]

describe("F101 wrong use is told in its user's words", () => {
  for (const [what, use, says] of wrongUses) {
    it(`F101 ${what}`, async () => {
      const error = await failure(use)
      assert.include(error.message, says)
      assert.notInclude(error.message, "secret")
    })
  }

  it("F101 all at once: settings, work and options", async () => {
    const error = await failure(() => lead({ ttl: 1, owner: `${undefined}`, logger: {} }, 1, null))
    assert.sameMembers(
      error.faults.map(({ field }) => field),
      ["ttl", "namespace", "name", "owner", "ttlMs", "logger", "work", "options"]
    )
  })

  it("F101 a builder is as good as what it builds", async () => {
    const error = await failure(() => memory({ build: () => ({ ...settings, ttl: 1 }) }))
    assert.deepStrictEqual(error.faults.map(({ field }) => field), ["ttl"])
  })
})

describe("settings that a pod tells", () => {
  afterEach(() => {
    vi.unstubAllEnvs()
    InMemoryLease.reset()
  })

  const { namespace: _, owner: __, ...least } = settings

  it("the namespace is the pod's", () => {
    vi.stubEnv("POD_NAMESPACE", "in-the-pod")
    assert.doesNotThrow(() => new KubernetesLease(least))
    vi.stubEnv("POD_NAMESPACE", "")
    assert.throws(() => new KubernetesLease(least), /namespace is undefined, expected the namespace of the Lease/)
  })

  it("the namespace of a pod is not that of a kubeconfig", () => {
    vi.stubEnv("POD_NAMESPACE", "in-the-pod")
    assert.throws(() => new KubernetesLease({ ...least, kubeconfig: true }), /namespace is undefined/)
    assert.doesNotThrow(() => new KubernetesLease({ ...settings, kubeconfig: true }))
    assert.doesNotThrow(() => new KubernetesLease({ ...least, kubeconfig: false }))
  })

  it("P5 without an owner, those of one process have one name: the later holds", async () => {
    const [a, b] = [
      new InMemoryLease({ ...least, logger: () => {} }),
      new InMemoryLease({ ...least, logger: () => {} })
    ]
    assert.isTrue(await a.acquire())
    assert.isTrue(await b.acquire())
    assert.isFalse(a.checkAlive())
    assert.isFalse(await new InMemoryLease(settings).acquire())
    await b.release()
  })
})
