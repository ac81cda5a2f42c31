import { assert, describe, it, vi } from "vitest"
import { InMemoryLease } from "../../src/InMemoryLease.js"
import type { FurtherSettings } from "../../src/KubernetesLease.js"
import { eventually, fresh } from "../support/twins.js"

/** What "Acquired" comes to in one who remembers whatever it is told at this level. */
const told = async (logger: (remember: (...entry: ReadonlyArray<unknown>) => void) => FurtherSettings["logger"]) => {
  const entries: Array<ReadonlyArray<unknown>> = []
  const given = logger((...entry) => void entries.push(entry))
  const lease = new InMemoryLease({ ...fresh(), logger: given })
  await lease.acquire()
  await lease.release()
  return entries.find((entry) => entry.includes("Acquired"))
}

const isFields = (u: unknown): boolean => typeof u === "object" && u !== null && "token" in u && "lease" in u

describe("loggers", () => {
  const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

  it("a function gets level, message and fields", async () => {
    const [level, message, fields] = await told((remember) => remember) ?? []
    assert.deepStrictEqual([level, message, isFields(fields)], ["info", "Acquired", true])
  })

  it("an object like the console gets message and fields, by its level", async () => {
    const [message, fields] = await told((remember) => ({ ...silent, info: remember })) ?? []
    assert.deepStrictEqual([message, isFields(fields)], ["Acquired", true])
  })

  for (const [name, own] of [["pino", "bindings"], ["bunyan", "addStream"]] as const) {
    it(`an object like ${name}'s gets fields and message, as a method of its own`, async () => {
      const [fields, message, self] = await told((remember) => {
        const logger = {
          ...silent,
          child: () => silent,
          [own]: () => ({}),
          info(...entry: ReadonlyArray<unknown>) {
            remember(...entry, this)
          }
        }
        return logger
      }) ?? []
      assert.deepStrictEqual([isFields(fields), message], [true, "Acquired"])
      assert.property(self, own)
    })
  }

  it("pino's serializer of errors gets the error", async () => {
    const entries: Array<unknown> = []
    const logger = { ...silent, child: () => {}, bindings: () => {}, error: (fields: unknown) => entries.push(fields) }
    const settings = { ...fresh(), logger }
    const lease = new InMemoryLease(settings)
    const failure = new Error("of a handler")
    lease.onLost(() => {
      throw failure
    })
    await lease.acquire()
    // The later of two with one name holds.
    const later = new InMemoryLease(settings)
    await later.acquire()
    await eventually(() => entries.length > 0)
    assert.propertyVal(entries[0], "err", failure)
    await later.release()
  })

  it("F106 without one, who leads is said in one line each, and trouble with its reason, on the error stream", async () => {
    const lines: Array<ReadonlyArray<unknown>> = []
    const spies = (["log", "info", "debug", "warn", "error"] as const).map((level) =>
      vi.spyOn(console, level).mockImplementation((...line: ReadonlyArray<unknown>) =>
        void lines.push([level, ...line])
      )
    )
    const { logger: _, ...settings } = fresh({ owner: "me and you" })
    const a = new InMemoryLease(settings)
    const failure = new Error("of a handler")
    a.onLost(() => {
      throw failure
    })
    const { token } = await a.acquireWithToken() ?? {}
    await InMemoryLease.takeOver(settings, "")
    await eventually(() => lines.length === 3)
    await a.acquire()
    await a.release()
    spies.forEach((spy) => spy.mockRestore())
    const about = `owner="me and you" lease=default/${settings.name}`
    const order = (line: unknown): string => String(line).replace(/ (lease=\S+) (owner="[^"]*")/, " $2 $1")
    assert.deepStrictEqual(lines.map(([level, line, ...rest]) => [level, order(line), ...rest]), [
      ["warn", `kubernetes-lease: Acquired ${about} token=${token}`],
      [
        "warn",
        `kubernetes-lease: me and you no longer holds lease default/${settings.name}: it was deleted or cleared by somebody ` +
        `else ${about}`
      ],
      ["error", `kubernetes-lease: An onLost handler failed ${about}`, failure],
      ["warn", `kubernetes-lease: Acquired ${about} token=${String(lines[3]?.[1]).split("token=")[1]}`],
      ["warn", `kubernetes-lease: Released ${about}`]
    ])
  })
})
