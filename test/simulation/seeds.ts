/** Seeds that have failed once, with what was wrong. */
export const regressions: ReadonlyArray<number> = [
  // A process that was started on a suspended machine was not told of its loss: the simulation's own mistake.
  2,
  // A process was stopped between the beginning of its term and the news of it, which came when others held: no belief.
  10,
  // Namesakes that gave back each other's attempts were called a late write, though (b) was broken.
  55
]
