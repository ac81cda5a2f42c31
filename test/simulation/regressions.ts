import type { Plan } from "./plan.js"
import { plan as changedByWebhook } from "./regressions/changedByWebhook.js"
import { plan as deletedBetweenTries } from "./regressions/deletedBetweenTries.js"
import { plan as deletedInTrouble } from "./regressions/deletedInTrouble.js"
import { plan as foundNothingFirst } from "./regressions/foundNothingFirst.js"
import { plan as renewedSoonAfter } from "./regressions/renewedSoonAfter.js"
import { plan as renewedSoonAfterAnother } from "./regressions/renewedSoonAfterAnother.js"
import { plan as stoppedWithTheAnswer } from "./regressions/stoppedWithTheAnswer.js"
import { plan as stoppedWhileReleasing } from "./regressions/stoppedWhileReleasing.js"

/** Histories that have broken a promise once, as `npm run simulate -- --keep name` has written them down. */
export const regressions: Readonly<Record<string, Plan>> = {
  "T5 whoever is stopped with an answer in its hands has not looked at its clocks twice": stoppedWithTheAnswer,
  "E2 a server before 1.25 does not date a renewal, however soon it comes after a takeover": renewedSoonAfter,
  "E2 nor if its date is that of a takeover from another owner of the fields": renewedSoonAfterAnother,
  "T3 what a webhook has changed, as the answer shows it, is given back": changedByWebhook,
  "W1 whoever has found nothing by a read may create, though a watch tells of the deletion later": foundNothingFirst,
  "W1 a deletion between two tries of a write is no release": deletedBetweenTries,
  "W1 a deletion between two tries of a read is no release": deletedInTrouble,
  "X4 a release that a stop outlasts is given up, and ends by its duration": stoppedWhileReleasing
}
