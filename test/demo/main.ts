/** `npm start`: what the library does, to look at. */
import { randomUUID } from "node:crypto"
import { now } from "./clock.js"
import { wrap } from "./layout.js"
import { optionsOf, UsageError } from "./options.js"
import { picture } from "./picture.js"
import { placeOf } from "./placeOf.js"
import { makeScreen } from "./screen.js"
import { Broken, Stage } from "./stage.js"
import { story } from "./story/index.js"
import type { Measured } from "./story/step.js"
import { tellingOf } from "./story/step.js"
import { summarize } from "./summary.js"
import { Timeline } from "./timeline.js"

const main = async (): Promise<void> => {
  const options = optionsOf(process.argv.slice(2))
  const place = await placeOf(options)
  const screen = makeScreen()
  const timeline = new Timeline(screen)
  const lease = { namespace: options.namespace, name: `demo-${randomUUID().slice(0, 8)}` }
  const stage = new Stage(place, timeline, lease)
  screen.print(
    wrap(`Lease ${lease.namespace}/${lease.name} on ${place.title}`, screen.width()).map(screen.colors.bold)
  )
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => void stage.end().then(place.close).finally(() => process.exit(130)))
  }
  const stopAnimation = screen.animate(picture(stage, screen, timeline.startedAt))
  const measured: Array<Measured> = []
  try {
    for (const [index, step] of story.entries()) {
      const tell = tellingOf(step, place)
      const explanation = tell === undefined
        ? "Left out here: it would break what is not the demo's."
        : step.explanation
      timeline.heading(`${index + 1}/${story.length}`, step.title, explanation)
      if (tell !== undefined) {
        measured.push(...await tell(stage))
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
