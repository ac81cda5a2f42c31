/** A process that runs for the lease, as told over its IPC channel (JSON lines). */
import { setTimeout as sleep } from "node:timers/promises"
import { KubernetesLease } from "../../src/KubernetesLease.js"
import { Beliefs } from "./beliefs.js"
import { now } from "./clock.js"
import type { Command, MemberSettings, Report } from "./protocol.js"

const report = (what: Report): void => {
  process.send?.(what, () => {})
}

const messageOf = (error: unknown): string => error instanceof Error ? error.message : String(error)

/** The gist, for one line: neither the request nor the advice. */
const gistOf = (error: unknown): string =>
  messageOf(error).replace(/^Cannot \w+ lease \S+: /, "").replace(/[.:] .*$/s, "")

const begin = ({ connection, ...settings }: MemberSettings): (command: Command) => void => {
  const lease = new KubernetesLease({
    ...connection,
    ...settings,
    logger: (level, message, { error }) =>
      report({
        type: "logged",
        at: now(),
        level,
        message: error === undefined ? message : `${message}: ${gistOf(error)}`
      })
  })
  const beliefs = new Beliefs(lease, report)

  const run = async (): Promise<void> => {
    report({ type: "running", at: now() })
    for (;;) {
      try {
        const { token } = await lease.waitUntilAcquired()
        report({ type: "acquired", at: now(), token })
        beliefs.look()
        return
      } catch (error) {
        report({ type: "refused", at: now(), why: gistOf(error) })
        await sleep(tryAgainMs)
      }
    }
  }

  const release = async (to: string | undefined): Promise<void> => {
    beliefs.look()
    report({ type: "releasing", at: now() })
    try {
      const released = lease.release({ to })
      beliefs.look()
      await released
      report({ type: "released", at: now(), to })
    } catch (error) {
      report({ type: "unreleased", at: now(), why: messageOf(error) })
    }
  }

  lease.onLost((why) => {
    beliefs.look()
    report({ type: "lost", at: now(), why })
    void run()
  })
  // The parent has ended, however: nobody shall have to wait for the ttl.
  process.on("disconnect", () => {
    void lease.release().catch(() => {}).then(() => process.exit())
  })
  void run()
  return (command) => {
    if (command.type === "run") {
      void run()
    } else if (command.type === "release") {
      void release(command.to)
    }
  }
}

const tryAgainMs = 500

let obey: ((command: Command) => void) | undefined
process.on("message", (command: Command) => {
  if (command.type === "begin") {
    obey = begin(command.settings)
  } else {
    obey?.(command)
  }
})
// Ctrl-C reaches the whole group; a member ends with its parent, after a release.
process.on("SIGINT", () => {})
