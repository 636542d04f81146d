import type { Day, Rollups } from '../../model/rollups/rollups.ts'

/** Days that are listed at a time. */
const LISTED = 100

/** Tries of a day, the waits between them, and days in a row that fail before the rest is given up. */
const TRIES = 3
const WAIT_MS = 1_000
const FAILURES_MAX = 3

/** Lists in a row of which nothing could be made. */
const IDLE_MAX = 5

/** How far the work is. */
export type RollupProgress = {
  made: number
  /** Rows of hours that the days were made of. */
  rows: number
  left: number
  day: Day | null
  /** Why the day is tried again; empty when all is well. */
  trouble: string
}

export type RollupEnding =
  /** Every day is made but those that could not be, each with the reason. */
  | { readonly kind: 'through'; readonly failed: ReadonlyMap<Day, string> }
  | { readonly kind: 'interrupted' }
  /** Roll-ups may not begin yet. */
  | { readonly kind: 'not_begun'; readonly beginsInMs: number }
  /** Postgres fails, or others hold the days; the reason says which. */
  | { readonly kind: 'stuck'; readonly reason: string }

export type Making = {
  readonly rollups: Pick<Rollups, 'daysToMake' | 'makeDay'>
  readonly progress: RollupProgress
  readonly interrupt: AbortSignal
  readonly sleep: (ms: number) => Promise<void>
}

export const NO_PROGRESS: RollupProgress = { made: 0, rows: 0, left: 0, day: null, trouble: '' }

/** A row that no read can answer is among the hours of the day. */
const UNREADABLE = 'one of its hours has a number that cannot be read: reads of its hours say which row'

/**
 * Makes all days that are to be made, the oldest first. Each is a transaction of its own, so whatever ends this, the next run goes
 * on with the days that are left. [D1]
 *
 * @throws when the days cannot be listed.
 */
export async function makeDays(making: Making): Promise<RollupEnding> {
  const { rollups, progress, interrupt, sleep } = making
  const failed = new Map<Day, string>()
  let [idle, failures] = [0, 0]
  while (!interrupt.aborted) {
    const { days, count, beginsInMs } = await rollups.daysToMake(LISTED + failed.size, 'now')
    if (beginsInMs > 0) return { kind: 'not_begun', beginsInMs }
    const next = days.filter((day) => !failed.has(day))
    progress.left = count - failed.size
    if (next.length === 0) return { kind: 'through', failed }
    const before = progress.made + failed.size
    for (const day of next) {
      if (interrupt.aborted) break
      progress.day = day
      const fault = await makeOne(day, making)
      progress.left = Math.max(0, progress.left - 1)
      failures = fault === null ? 0 : failures + 1
      if (fault !== null) failed.set(day, fault)
      if (fault !== null && fault !== UNREADABLE && failures >= FAILURES_MAX)
        return { kind: 'stuck', reason: fault }
    }
    idle = progress.made + failed.size > before ? 0 : idle + 1
    if (idle >= IDLE_MAX) return { kind: 'stuck', reason: 'others change or make these days all the time' }
    if (idle > 0) await sleep(WAIT_MS)
  }
  return { kind: 'interrupted' }
}

/** @returns why the day is not made; null when it is, by whomever, or when others change it meanwhile. */
async function makeOne(day: Day, { rollups, progress, interrupt, sleep }: Making): Promise<string | null> {
  let begun = 0
  for (let left = TRIES - 1; ; left--) {
    try {
      const made = await rollups.makeDay(day)
      progress.trouble = ''
      left = TRIES
      if (made.kind === 'unreadable') return UNREADABLE
      if (made.kind === 'not_needed') return null
      progress.rows += made.rows
      if (made.kind === 'made') progress.made += 1
      else if (made.isFirst) begun += 1
      if (made.kind === 'made' || begun > 1 || interrupt.aborted) return null
    } catch (error) {
      progress.trouble = error instanceof Error ? error.message : String(error)
      if (left === 0 || interrupt.aborted) return progress.trouble
      await sleep(WAIT_MS * (TRIES - left))
    }
  }
}
