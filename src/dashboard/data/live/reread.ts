/** The shortest time between two reads of Postgres by one page, in milliseconds, however often flushes land. */
export const REREAD_MS_MIN = 5_000

/** How the last read of Postgres stands. */
export type ReadState = {
  readonly isLoading: boolean
  /** A failed read is tried again by the view, with growing waits, and not from here. */
  readonly hasFailed: boolean
  /** Milliseconds since it was asked or answered. */
  readonly ageMs: number
}

/** Whether Postgres may be read again now. A read under way is waited for: asking anew would drop it, so a slow one would never end. */
export function mayReread({ isLoading, hasFailed, ageMs }: ReadState): boolean {
  return !isLoading && !hasFailed && ageMs >= REREAD_MS_MIN
}

/** Whether the clock has passed the end of the range, perhaps while the machine slept. */
export function isPast(to: string, nowMs: number): boolean {
  return nowMs > Date.parse(to)
}

/** After this long without a touch or a change, Postgres is left asleep when the hour turns, in milliseconds. */
const WAKES_MS_MAX = 3_600_000

/** Whether Postgres may be read although no flush has woken it: only while somebody was there, or something came, lately. */
export function mayWake(quietMs: number): boolean {
  return quietMs < WAKES_MS_MAX
}
