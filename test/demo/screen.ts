import { createLogUpdate } from "log-update"
import pc from "picocolors"

/** Where the story is shown: lines that stay, and on a terminal a picture below them that moves. */
export interface Screen {
  readonly colors: ReturnType<typeof pc.createColors>
  /** Columns to fill; infinite where nobody knows. */
  readonly width: () => number
  readonly print: (lines: ReadonlyArray<string>) => void
  /** Draws the picture anew from time to time, until the function it gives is called. */
  readonly animate: (picture: () => ReadonlyArray<string>) => () => void
}

export const makeScreen = (): Screen =>
  process.stdout.isTTY === true && process.env["TERM"] !== "dumb" ? terminal() : plain()

const terminal = (): Screen => {
  const update = createLogUpdate(process.stdout)
  let picture: (() => ReadonlyArray<string>) | undefined
  const draw = (): void => {
    if (picture !== undefined) {
      update(picture().join("\n"))
    }
  }
  return {
    colors: pc.createColors(pc.isColorSupported),
    // A full line would make some terminals wrap.
    width: () => (process.stdout.columns || 80) - 1,
    print: (lines) => {
      update.persist(lines.join("\n"))
      draw()
    },
    animate: (next) => {
      picture = next
      const timer = setInterval(draw, redrawMs)
      return () => {
        clearInterval(timer)
        picture = undefined
        update.clear()
        update.done()
      }
    }
  }
}

const plain = (): Screen => ({
  colors: pc.createColors(false),
  width: () => Infinity,
  print: (lines) => void process.stdout.write(`${lines.join("\n")}\n`),
  animate: () => () => {}
})

const redrawMs = 100
