import * as Arr from "effect/Array"
import * as Order from "effect/Order"
import { now } from "./clock.js"
import type { Condition } from "./conditions.js"
import { Conditions } from "./conditions.js"
import { Holdings } from "./holdings.js"
import type { MemberProcess } from "./memberProcess.js"
import { startMember } from "./memberProcess.js"
import { narrate } from "./narration.js"
import type { Place } from "./place.js"
import type { Report } from "./protocol.js"
import type { Timeline, Tone } from "./timeline.js"
import { renewalIntervalMs, renewDeadlineMs, ttlMs } from "./timings.js"

/** A report of some type, and who made it. */
export type ReportOf<T extends Report["type"]> = Extract<Report, { readonly type: T }> & { readonly member: string }

interface Waiter {
  readonly matches: (report: ReportOf<Report["type"]>) => boolean
  readonly resolve: (report: ReportOf<Report["type"]>) => void
}

/** The story is told wrongly, or the library is at fault. */
export class Broken extends Error {}

/** The members, what is known of them, and what can be done to them. */
export class Stage {
  readonly members = ["a", "b", "c"] as const
  readonly holdings = new Holdings()
  readonly conditions = new Conditions()
  readonly #place: Place
  readonly #timeline: Timeline
  readonly #lease: { readonly namespace: string; readonly name: string }
  readonly #processes = new Map<string, MemberProcess>()
  readonly #validUntil = new Map<string, number | undefined>()
  readonly #reports: Array<ReportOf<Report["type"]>> = []
  #waiters: ReadonlyArray<Waiter> = []

  constructor(place: Place, timeline: Timeline, lease: { readonly namespace: string; readonly name: string }) {
    this.#place = place
    this.#timeline = timeline
    this.#lease = lease
  }

  async start(member: string): Promise<void> {
    const process = startMember(
      {
        ...this.#lease,
        owner: member,
        ttlMs,
        renewalIntervalMs,
        renewDeadlineMs,
        connection: await this.#place.connectionOf(member)
      },
      (report) => this.#heard(member, `${member}-${process.pid}`, report)
    )
    this.#processes.set(member, process)
    this.conditions.end(member, now())
  }

  say(tone: Tone, text: string, member?: string): void {
    this.#timeline.add({ at: now(), tone, text, ...(member === undefined ? {} : { member }) })
  }

  process(member: string): MemberProcess {
    const process = this.#processes.get(member)
    if (process === undefined) {
      throw new Broken(`${member} has not been started`)
    }
    return process
  }

  /** The first such report from an instant on, by the time that the reporter gives. */
  until<T extends Report["type"]>(
    type: T,
    since: number,
    by: (member: string) => boolean = () => true
  ): Promise<ReportOf<T>> {
    const matches = (report: ReportOf<Report["type"]>): report is ReportOf<T> =>
      report.type === type && report.at >= since && by(report.member)
    const known = this.#reports.find(matches)
    if (known !== undefined) {
      return Promise.resolve(known as ReportOf<T>)
    }
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Broken(`nobody has reported "${type}" within ${patienceMs / 1000} s`)),
        patienceMs
      )
      this.#waiters = [...this.#waiters, {
        matches,
        resolve: (report) => {
          clearTimeout(timer)
          resolve(report as ReportOf<T>)
        }
      }]
    })
  }

  /** Who was the latest to get it. */
  holder(): string {
    const latest = this.reports("acquired").reduce((one, other) => other.at > one.at ? other : one)
    return latest.member
  }

  others(member: string): ReadonlyArray<string> {
    return this.members.filter((other) => other !== member)
  }

  /** Every report of a type so far. */
  reports<T extends Report["type"]>(type: T): ReadonlyArray<ReportOf<T>> {
    return this.#reports.filter((report): report is ReportOf<T> => report.type === type)
  }

  /** How long a member's term lasts without another renewal; `undefined`: it holds nothing. */
  remainingMs(member: string): number | undefined {
    const validUntil = this.#validUntil.get(member)
    const remaining = validUntil === undefined ? 0 : validUntil - now()
    return remaining > 0 ? remaining : undefined
  }

  /** Something befalls members. */
  befall(members: ReadonlyArray<string>, condition: Condition): void {
    for (const member of members) {
      this.conditions.begin(member, condition, now())
    }
  }

  recover(members: ReadonlyArray<string>): void {
    for (const member of members) {
      this.conditions.end(member, now())
    }
  }

  /** What must hold at any time. */
  check(): void {
    if (this.holdings.overlap !== undefined) {
      throw new Broken(this.holdings.overlap)
    }
    const terms = Arr.sortWith(this.reports("acquired"), ({ at }) => at, Order.number)
    for (const [index, { member, token }] of terms.entries()) {
      const before = terms[index - 1]
      if (before !== undefined && BigInt(before.token) >= BigInt(token)) {
        throw new Broken(`the fencing token ${token} of ${member} came after ${before.token} of ${before.member}`)
      }
    }
  }

  /** Every member releases what it holds, and ends. */
  async end(): Promise<void> {
    this.#processes.forEach((process) => process.end())
    const all = Promise.all([...this.#processes.values()].map(({ ended }) => ended))
    const timer = setTimeout(() => this.#processes.forEach((process) => process.signal("SIGKILL")), patienceMs)
    await all
    clearTimeout(timer)
  }

  #heard(member: string, process: string, report: Report): void {
    if (report.type === "belief") {
      this.#validUntil.set(member, report.validUntil)
      this.holdings.add(member, process, report)
      return
    }
    const entry = narrate(member, report)
    if (entry !== undefined) {
      this.#timeline.add(entry)
    }
    const heard = { ...report, member }
    this.#reports.push(heard)
    const woken = this.#waiters.filter(({ matches }) => matches(heard))
    this.#waiters = this.#waiters.filter((waiter) => !woken.includes(waiter))
    for (const { resolve } of woken) {
      resolve(heard)
    }
  }
}

const patienceMs = 20_000
