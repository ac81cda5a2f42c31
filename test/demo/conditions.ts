/** What is the matter with a member, other than the lease. */
export type Condition = "dead" | "paused" | "cut off" | "no rights"

interface Spell {
  readonly member: string
  readonly condition: Condition
  readonly from: number
  until: number
}

/** Every spell that members have had. */
export class Conditions {
  readonly #spells: Array<Spell> = []

  begin(member: string, condition: Condition, at: number): void {
    this.#spells.push({ member, condition, from: at, until: Infinity })
  }

  end(member: string, at: number): void {
    for (const spell of this.#spells) {
      if (spell.member === member && spell.until === Infinity) {
        spell.until = at
      }
    }
  }

  during(member: string, from: number, until: number): Condition | undefined {
    return this.#spells.find((spell) => spell.member === member && spell.from < until && from < spell.until)?.condition
  }
}
