import type { Acquisition } from "./ledger.js"
import { isHeld } from "./ledger.js"
import type { Life } from "./life.js"
import { mostRequestMillis } from "./patience.js"
import { termOf } from "./termSpy.js"
import type { World } from "./world.js"

/** Nobody else can have a lease that stands in the name of a process which does not know of it (F28). */
export const checkGivenBack = ({ controlPlane, findings, ledger, lives, time, weather }: World): void => {
  if (findings.broken.size > 0 || !weather.isCalm) {
    return
  }
  const record = controlPlane.record()
  const acquisition = ledger.ownerOf(record)
  if (record === undefined || acquisition === undefined || !isHeld(record)) {
    return
  }
  for (const life of lives) {
    if (
      life.sender === acquisition.write.sender && record.spec.holderIdentity === life.sender.owner &&
      isKnown(acquisition, life) && hasHadTime(life, time.now) &&
      life.connection.lastTroubleAt() < acquisition.write.sentAt &&
      // What has been lost is not written to any more.
      termOf(life.process, acquisition.token)?.loss === undefined
    ) {
      findings.report(
        "given back",
        `${life.process.name} has been idle since ${
          ((life.idleSince ?? 0) / 1000).toFixed(3)
        } s, but the record is its term ${acquisition.token}`
      )
    }
  }
}

/** It has been idle for long enough, and has run since it began to give back. */
const hasHadTime = ({ idleSince, isEnding, process, settings }: Life, now: number): boolean =>
  idleSince !== undefined && process.isRunning && !isEnding &&
  // A release has so much time and no more, whether the process runs or not (X4).
  process.resumedAt < idleSince - 1.1 * settings.releaseTimeout &&
  now - idleSince > (mostRequestMillis(settings) + settings.releaseTimeout) * 1.1 + 1000

/**
 * What lands after its sender has given the request up may do so unseen, and what a webhook has changed cannot be told
 * from another's unless it was answered: these end by their duration (T3).
 */
const isKnown = (
  { at, isChangedOnTheWay, write: { isAnswered, sentAt } }: Acquisition,
  { idleSince = 0, settings }: Life
): boolean => sentAt <= idleSince && at - sentAt < 0.8 * settings.requestTimeout && (isAnswered || !isChangedOnTheWay)

/** In the end nothing is left that would keep a process from exiting (F24), or others from the lease. */
export const checkRemains = (
  { controlPlane, findings, ledger, time }: World,
  lives: ReadonlyArray<Life>
): void => {
  for (const { connection, process } of lives) {
    const left = [
      ...process.leftovers(),
      ...(connection.pending.size > 0 ? [`${connection.pending.size} requests`] : []),
      ...(connection.openWatches() > 0 ? [`${connection.openWatches()} watches`] : [])
    ]
    if (left.length > 0) {
      findings.report("nothing remains", `${process.name}: ${left.join(", ")}`)
    }
  }
  const record = controlPlane.record()
  const acquisition = ledger.ownerOf(record)
  if (record === undefined || !isHeld(record)) {
    return
  }
  // What could not be given back ends by its duration, whether or not anybody comes to take it.
  const isOver = time.now - ledger.lastWriteAt(record.metadata.uid) > (record.spec.leaseDurationSeconds ?? 0) * 1000
  if (!isOver && lives.some(({ sender }) => sender === acquisition?.write.sender)) {
    findings.report(
      "given back",
      `${acquisition?.write.sender.name} has ended, but its term ${acquisition?.token} stands`
    )
  }
}
