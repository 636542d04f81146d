/** A UTC day: `2026-11-21`. */
export type Day = string

/** Days that are to be made from their hours. */
type DaysToMake = {
  /** The first of them: those that were never made, then those that have changed since; each the oldest first. */
  readonly days: readonly Day[]
  /** How many there are, these included. */
  readonly count: number
  /** Until roll-ups may begin, in ms: 0 from then on. Until then there are no days to make. */
  readonly beginsInMs: number
}

/** The outcome of making a day, or a piece of one. */
export type Made =
  /** Its days equal its hours. `rows` of hours were read for the last piece, those of slices included. */
  | { readonly kind: 'made'; readonly rows: number }
  /** It has more keys than are made at once: ask again for the next piece. A second first one says that the day was changed. */
  | { readonly kind: 'partly_made'; readonly rows: number; readonly isFirst: boolean }
  /** Another was faster, or its hours are deleted. */
  | { readonly kind: 'not_needed' }
  /** A row of its hours cannot be read, which somebody's own SQL has made. It stays to be made, and is left alone for an hour. */
  | { readonly kind: 'unreadable' }

/** Days made from hours [D1]. Each function rejects when Postgres cannot be asked. */
export type Rollups = {
  /**
   * @param most days that it names.
   * @param when days that changed within the hour are made: in the cron, once they are quiet; for a person, now.
   */
  readonly daysToMake: (most: number, when: 'quiet' | 'now') => Promise<DaysToMake>
  /** Makes a day, or the next piece of one that has very many keys. */
  readonly makeDay: (day: Day) => Promise<Made>
  /** Has every day made again that was made, because code has run that does not mark what it changes. @returns how many. */
  readonly makeAllAgain: () => Promise<number>
  /** Lets roll-ups begin at once, because no code from before days runs any more. */
  readonly beginNow: () => Promise<void>
}

/** Works with days over one connection. */
export type WithRollups = <T>(work: (rollups: Rollups) => Promise<T>) => Promise<T>

/** How far the days are made, of those that ended long enough ago. */
export type DaysStanding = {
  /** The last day before which, and including which, everything is made; null when no day is. */
  readonly through: Day | null
  /** The first day that is to be made; null when there is none. */
  readonly next: Day | null
  /** Days that late increments have changed, and that are to be made; also some that were never made. */
  readonly stale: number
  /** When roll-ups begin, in epoch ms; null when they have begun. */
  readonly beginsMs: number | null
}
