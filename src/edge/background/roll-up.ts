import { ROLLUP_DAYS_MAX, ROLLUP_FAILURES_MAX, ROLLUP_ROWS_MAX } from '../../limits.ts'
import { describeReason, type Log } from '../../log.ts'
import type { Day, Rollups } from '../../model/rollups/rollups.ts'
import { reasonOf } from '../timeout.ts'

type RollUpServices = {
  readonly rollups: Pick<Rollups, 'daysToMake' | 'makeDay'>
  readonly log: Log
}

/** How many days one run has made, of how many rows of hours; and how many are left to make. */
type RolledUp = { readonly days: number; readonly rows: number; readonly left: number }

export const NOTHING_MADE: RolledUp = { days: 0, rows: 0, left: 0 }

/**
 * Makes days from their hours, bounded in days and rows. [D1]
 *
 * A day that fails does not hold back the others: it comes last from then on. Several failures in a row are rather Postgres's than
 * those of a day, so the run ends.
 *
 * @param failed days that failed before; this run changes it.
 * @throws when Postgres cannot be asked for the list, or when days have failed and none was made.
 */
export async function rollUp({ rollups, log }: RollUpServices, failed: Set<Day>): Promise<RolledUp> {
  const { days, count } = await rollups.daysToMake(ROLLUP_DAYS_MAX + failed.size, 'quiet')
  const inOrder = [...days.filter((day) => !failed.has(day)), ...days.filter((day) => failed.has(day))]
  let [made, rows, seen, failures] = [0, 0, 0, 0]
  let lastError: unknown
  for (const day of inOrder.slice(0, ROLLUP_DAYS_MAX)) {
    if (rows >= ROLLUP_ROWS_MAX || failures >= ROLLUP_FAILURES_MAX) break
    try {
      const outcome = await rollups.makeDay(day)
      failed.delete(day)
      failures = 0
      seen += 1
      if (outcome.kind === 'unreadable') log({ message: 'day not readable', day })
      if (outcome.kind !== 'made') continue
      made += 1
      rows += outcome.rows
    } catch (error) {
      lastError = error
      failures += 1
      failed.add(day)
      log({ message: 'day not made', day, reason: describeReason(reasonOf(error)) })
    }
  }
  const left = count - seen
  if (made > 0) log({ message: 'rolled up', days: made, rows, left })
  if (lastError !== undefined && made === 0) throw lastError
  return { days: made, rows, left }
}
