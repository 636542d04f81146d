/** A UTC day: `2026-11-21`. */
export type Day = string

/** Days that are to be made from their hours. */
export type DaysToMake = {
  /** The first of them: those that were never made, then those that have changed since; each the oldest first. */
  readonly days: readonly Day[]
  /** How many there are, these included. */
  readonly count: number
  /** Until roll-ups may begin, in ms: 0 from then on. Until then there are no days to make. */
  readonly beginsInMs: number
}

/** The outcome of making a day. */
export type Made =
  /** Its days equal its hours. `rows` of hours were read, those of slices included. */
  | { readonly kind: 'made'; readonly rows: number }
  /** Another was faster, or its hours are deleted. */
  | { readonly kind: 'not_needed' }
  /** A row of its hours cannot be read, which somebody's own SQL has made. It stays to be made, and is left alone for an hour. */
  | { readonly kind: 'unreadable' }

/** Days made from hours [D1]. Each function rejects when Postgres cannot be asked. */
export type Rollups = {
  /** @param most days that it names. */
  readonly daysToMake: (most: number) => Promise<DaysToMake>
  readonly makeDay: (day: Day) => Promise<Made>
  /** Has every day made again that was made, because code has run that does not mark what it changes. @returns how many. */
  readonly makeAllAgain: () => Promise<number>
}
