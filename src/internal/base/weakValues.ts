/** What is found by a key for as long as somebody else keeps it. */
export class WeakValues<V extends object> {
  readonly #values = new Map<string, WeakRef<V>>()

  getOrMake(key: string, make: () => V): V {
    const known = this.#values.get(key)?.deref()
    if (known !== undefined) {
      return known
    }
    this.#forgetTheDead()
    const made = make()
    this.#values.set(key, new WeakRef(made))
    return made
  }

  #forgetTheDead(): void {
    for (const [key, value] of this.#values) {
      if (value.deref() === undefined) {
        this.#values.delete(key)
      }
    }
  }
}
