import { randomUUID } from "node:crypto"
import { afterAll, afterEach, assert, beforeAll, beforeEach, describe, it, vi } from "vitest"
import { rejection } from "../support/twins.js"
import { readmeCode } from "./blocks.js"
import { Database } from "./database.js"

const database = new Database()
// A PostgreSQL that starts takes half a minute of a slow machine.
beforeAll(() => database.run("SELECT"), 120_000)
afterAll(async () => {
  vi.unstubAllGlobals()
  await database[Symbol.asyncDispose]()
})

beforeEach(async () => {
  await database.run(readmeCode("account", "sql"))
  await database.run("INSERT INTO account (id, balance) VALUES ('savings', 0)")
  vi.stubGlobal("pool", database.pool)
})
afterEach(() => database.run("DROP TABLE account"))

/** Runs the example in a term of this token: it deposits 10. */
const depositUnder = async (token: string): Promise<void> => {
  vi.stubGlobal("lease", { acquireWithToken: async () => ({ token }) })
  await import(`virtual:readme/deposit.ts?${randomUUID()}`)
}

const account = async (): Promise<unknown> => (await database.rows("SELECT balance, fencing_token FROM account"))[0]

describe("the README's fencing example", () => {
  it("writes under the token of its term, any number of times", async () => {
    await depositUnder("999")
    await depositUnder("999")
    assert.deepStrictEqual(await account(), { balance: 20, fencing_token: "999" })
  })

  for (const [older, newer] of [["999", "1000"], ["9007199254740992", "9007199254740993"]] as const) {
    it(`once ${newer} has written, ${older} is refused and changes nothing`, async () => {
      await depositUnder(older)
      await depositUnder(newer)
      const refused = await rejection(depositUnder(older))
      assert.propertyVal(
        refused,
        "message",
        `account savings is unknown or has been written under a later token than ${older}`
      )
      assert.deepStrictEqual(await account(), { balance: 20, fencing_token: newer })
      await depositUnder(newer)
      assert.deepStrictEqual(await account(), { balance: 30, fencing_token: newer })
    })
  }

  it("does nothing while somebody else holds the lease", async () => {
    vi.stubGlobal("lease", { acquireWithToken: async () => null })
    await import("virtual:readme/deposit.ts?contended")
    assert.deepStrictEqual(await account(), { balance: 0, fencing_token: "0" })
  })
})
