/** How long a page waits at least before it reads Postgres again, however often flushes come. */
export const REREAD_MS_MIN = 5_000

/** How it stands with what Postgres was asked last. */
export type Reading = {
  readonly isLoading: boolean
  /** Then it is asked again with patience, and by nobody else. */
  readonly hasFailed: boolean
  /** How long ago it was asked, or answered. */
  readonly ageMs: number
}

/** A read that is under way is waited for: to ask anew would throw it away, and a slow one would never end. */
export function mayReread({ isLoading, hasFailed, ageMs }: Reading): boolean {
  return !isLoading && !hasFailed && ageMs >= REREAD_MS_MIN
}

/** Whether time has gone on past the hours that were asked for, if only while the machine slept. */
export function isPast(to: string, nowMs: number): boolean {
  return nowMs > Date.parse(to)
}
