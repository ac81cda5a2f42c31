/** As short as keeps the story under a minute with room for a slow machine. */
export const ttlMs = 3000
export const renewalIntervalMs = 1000
export const renewDeadlineMs = 0.9 * ttlMs
