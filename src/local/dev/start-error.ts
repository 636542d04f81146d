/** Why `npm run dev` does not start or go on, for a reason outside the program. The message is all there is to show. */
export class StartError extends Error {
  override readonly name = 'StartError'
}

/** What went wrong, in the words of whoever said it first: drizzle's errors repeat a whole statement around it. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error instanceof AggregateError && error.message === '') return error.errors.map(reasonOf).join('; ')
  return error.cause === undefined ? error.message : reasonOf(error.cause)
}
