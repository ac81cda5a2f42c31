import { fork } from "node:child_process"
import { fileURLToPath } from "node:url"
import type { Command, MemberSettings, Report } from "./protocol.js"

/** A member as its parent sees it. */
export interface MemberProcess {
  readonly pid: number
  readonly tell: (command: Command) => void
  readonly signal: (signal: NodeJS.Signals) => void
  /** It releases what it holds, and ends. */
  readonly end: () => void
  readonly ended: Promise<void>
}

export const startMember = (settings: MemberSettings, onReport: (report: Report) => void): MemberProcess => {
  const child = fork(fileURLToPath(new URL("member.mjs", import.meta.url)), {
    stdio: ["ignore", "ignore", "inherit", "ipc"]
  })
  child.on("message", onReport)
  const tell = (command: Command): void => {
    child.send(command, () => {})
  }
  tell({ type: "begin", settings })
  let isPaused = false
  return {
    pid: child.pid ?? 0,
    tell,
    signal: (signal) => {
      isPaused = signal === "SIGSTOP"
      child.kill(signal)
    },
    end: () => {
      if (isPaused) {
        child.kill("SIGCONT")
      }
      if (child.connected) {
        child.disconnect()
      }
    },
    ended: new Promise((resolve) => child.once("exit", () => resolve()))
  }
}
