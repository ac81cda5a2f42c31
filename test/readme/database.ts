import { PGlite } from "@electric-sql/pglite"

/** A PostgreSQL in this process, and what the README's examples use of a `pg.Pool` over it. */
export class Database implements AsyncDisposable {
  readonly #postgres = new PGlite()

  readonly pool = {
    query: async (text: string, values: ReadonlyArray<unknown>): Promise<{ readonly rowCount: number }> => {
      const { affectedRows = 0 } = await this.#postgres.query(text, [...values])
      return { rowCount: affectedRows }
    }
  }

  async run(statements: string): Promise<void> {
    await this.#postgres.exec(statements)
  }

  async rows(query: string): Promise<ReadonlyArray<unknown>> {
    return (await this.#postgres.query(query)).rows
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#postgres.close()
  }
}
