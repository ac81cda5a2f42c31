import { mostRequestMillis as mostOf } from "../../src/internal/state/pace.js"
import type { SettingsPlan } from "./plan.js"

/** How long a request may take of somebody who waits on a slow server. */
export const mostRequestMillis = ({ renewDeadline, requestTimeout }: SettingsPlan): number =>
  mostOf({ renewDeadlineMillis: renewDeadline, requestTimeoutMillis: requestTimeout })
