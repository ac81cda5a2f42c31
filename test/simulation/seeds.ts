/** Seeds that have failed once, with what was wrong. */
export const regressions: ReadonlyArray<number> = [
  // A process that was started on a suspended machine was not told of its loss: the simulation's own mistake.
  2,
  // Namesakes that gave back each other's attempts were called a late write, though (b) was broken.
  55
]
