/** Seeds that have failed once, with what was wrong. */
export const regressions: ReadonlyArray<number> = [
  // A process that was started on a suspended machine was not told of its loss: the simulation's own mistake.
  2,
  // A process was stopped between the beginning of its term and the news of it, which came when others held: no belief.
  10,
  // What a conflict hides, if a proxy has sent a write twice, was not given back (T3).
  26,
  // Namesakes that gave back each other's attempts were called a late write, though (b) was broken.
  55,
  // A release that the network kept from the server was called an attempt that had not been given back.
  150
]
