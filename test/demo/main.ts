/** `npm start`: what the library does, to look at. */
import { randomUUID } from "node:crypto"
import { now } from "./clock.js"
import { wrap } from "./layout.js"
import { optionsOf, UsageError } from "./options.js"
import { picture } from "./picture.js"
import { placeOf } from "./place.js"
import { makeScreen } from "./screen.js"
import { Broken, Stage } from "./stage.js"
import { story } from "./story/index.js"
import type { Measured } from "./story/step.js"
import { summarize } from "./summary.js"
import { Timeline } from "./timeline.js"

const main = async (): Promise<void> => {
  const options = optionsOf(process.argv.slice(2))
  const place = placeOf(options)
  const screen = makeScreen()
  const timeline = new Timeline(screen)
  const lease = { namespace: options.namespace, name: `demo-${randomUUID().slice(0, 8)}` }
  const stage = new Stage(place, timeline, lease)
  screen.print(
    wrap(`Lease ${lease.namespace}/${lease.name} on ${place.title}`, screen.width()).map(screen.colors.bold)
  )
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => void stage.end().then(() => process.exit(130)))
  }
  const stopAnimation = screen.animate(picture(stage, screen, timeline.startedAt))
  const measured: Array<Measured> = []
  try {
    for (const [index, { explanation, tell, title }] of story.entries()) {
      const number = `${index + 1}/${story.length}`
      if ("anywhere" in tell) {
        timeline.heading(number, title, explanation)
        measured.push(...await tell.anywhere(stage))
      } else if (place.faults !== undefined) {
        timeline.heading(number, title, explanation)
        measured.push(...await tell.withFaults(stage, place.faults))
      } else {
        timeline.heading(number, title, "Left out on a cluster, where the demo breaks nothing.")
      }
      stage.check()
    }
  } finally {
    const until = now()
    await stage.end()
    timeline.end()
    stopAnimation()
    await place.close()
    if (stage.holdings.all.length > 0) {
      summarize(stage, screen, measured, { from: timeline.startedAt, until })
    }
  }
  stage.check()
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(error instanceof UsageError || error instanceof Broken ? `\n${error.message}` : error)
    process.exit(1)
  }
)
