/** An error that is its message: where it was thrown helps nobody. */
export const plainFailure = (message: string): Error => {
  const error = new Error(message)
  delete error.stack
  return error
}
