import { ROLLUP_DAYS_MAX, ROLLUP_FAILURES_MAX, ROLLUP_ROWS_MAX } from '../../limits.ts'
import { describeReason, type Log } from '../../log.ts'
import type { Day, Made, Rollups } from '../../model/rollups/rollups.ts'
import { reasonOf } from '../timeout.ts'

type RollUpServices = {
  readonly rollups: Pick<Rollups, 'daysToMake' | 'makeDay'>
  readonly log: Log
}

/** How many days one run has made, of how many rows of hours, those of days that are partly made included; and how many are left to make. */
type RolledUp = { readonly days: number; readonly rows: number; readonly left: number }

export const NOTHING_MADE: RolledUp = { days: 0, rows: 0, left: 0 }

/**
 * Makes days from their hours, bounded in days and rows. [D1]
 *
 * A day that fails does not hold back the others: it comes last from then on. Several failures in a row are rather Postgres's than
 * those of a day, so the run ends.
 *
 * @param failed days that failed before; this run changes it.
 * @throws when Postgres cannot be asked for the list, or when days have failed and nothing was made.
 */
export async function rollUp({ rollups, log }: RollUpServices, failed: Set<Day>): Promise<RolledUp> {
  const { days, count } = await rollups.daysToMake(ROLLUP_DAYS_MAX + failed.size, 'quiet')
  const inOrder = [...days.filter((day) => !failed.has(day)), ...days.filter((day) => failed.has(day))]
  let [made, rows, seen, failures] = [0, 0, 0, 0]
  let lastError: unknown
  for (const day of inOrder.slice(0, ROLLUP_DAYS_MAX)) {
    if (rows >= ROLLUP_ROWS_MAX || failures >= ROLLUP_FAILURES_MAX) break
    try {
      const outcome = await makeSome(rollups, day, ROLLUP_ROWS_MAX - rows)
      failed.delete(day)
      failures = 0
      rows += outcome.rows
      if (outcome.kind === 'partly_made') continue
      seen += 1
      if (outcome.kind === 'unreadable') log({ message: 'day not readable', day })
      if (outcome.kind === 'made') made += 1
    } catch (error) {
      lastError = error
      failures += 1
      failed.add(day)
      log({ message: 'day not made', day, reason: describeReason(reasonOf(error)) })
    }
  }
  const left = count - seen
  if (made > 0 || rows > 0) log({ message: 'rolled up', days: made, rows, left })
  if (lastError !== undefined && made === 0 && rows === 0) throw lastError
  return { days: made, rows, left }
}

/** Makes a day, piece by piece; of one that has very many keys as much as `most` rows allow, and the next run goes on there. */
async function makeSome(
  rollups: Pick<Rollups, 'makeDay'>,
  day: Day,
  most: number,
): Promise<{ readonly kind: Made['kind']; readonly rows: number }> {
  let rows = 0
  for (;;) {
    const made = await rollups.makeDay(day)
    rows += 'rows' in made ? made.rows : 0
    if (made.kind !== 'partly_made' || rows >= most) return { kind: made.kind, rows }
  }
}
