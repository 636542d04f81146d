import type { Plant, Suite } from '../plants.ts'

const MODEL = 'src/model/closing.ts'
const DELETE = 'src/postgres/retention.ts'

const FIRST_KEPT: Suite = { project: 'node', file: 'test/model/closing.test.ts' }

const inDelete = (titles: string): Suite => ({
  project: 'node',
  file: 'test/postgres/retention.test.ts',
  titles,
})

/** Which hours may go, and how their rows do. */
export const RETENTION: readonly Plant[] = [
  {
    name: 'retention-deletes-an-open-hour',
    mistake: 'only the age of an hour is asked, not whether it may still be open',
    edits: [
      {
        file: MODEL,
        find: 'Math.min(hourOf(nowMs - days * DAY_MS), firstUnfinishedHour(nowMs, lateHours))',
        replace: 'Math.min(hourOf(nowMs - days * DAY_MS), firstUnfinishedHour(nowMs, []))',
      },
    ],
    suite: FIRST_KEPT,
  },
  {
    name: 'open-hours-by-the-last-step-alone',
    mistake: 'where LATE_HOURS became smaller, hours before the change are taken for final',
    edits: [
      {
        file: MODEL,
        find: 'return first < end ? first :',
        replace: 'return i === lateHours.length - 1 ? first :',
      },
    ],
    suite: FIRST_KEPT,
  },
  {
    name: 'retention-an-hour-early',
    mistake: 'an hour is deleted that began, but did not end, so many days ago',
    edits: [
      {
        file: MODEL,
        find: 'hourOf(nowMs - days * DAY_MS)',
        replace: 'hourOf(nowMs - days * DAY_MS + HOUR_MS)',
      },
    ],
    suite: FIRST_KEPT,
  },
  {
    name: 'retention-too-short-for-the-grace',
    mistake: 'RETENTION_DAYS may end with LATE_HOURS, though shards hold something for longer',
    edits: [{ file: MODEL, find: '(longest * HOUR_MS + RETIRE_GRACE_MS)', replace: '(longest * HOUR_MS)' }],
    suite: { project: 'node', file: 'test/config.test.ts' },
  },
  {
    name: 'retention-takes-the-edge',
    mistake: 'the first hour that stays is deleted too',
    edits: [
      {
        file: DELETE,
        find: `from sumdial.counters where hour < \${before}::timestamptz\n`,
        replace: `from sumdial.counters where hour <= \${before}::timestamptz\n`,
      },
      { file: DELETE, find: `and c.hour < \${before}`, replace: `and c.hour <= \${before}` },
    ],
    suite: inDelete('and not that one'),
  },
  {
    name: 'retention-waits-in-another-order',
    mistake: 'it waits for rows that flushes hold, in the order from the last key to the first',
    edits: [
      { file: DELETE, find: 'order by hour, key limit', replace: 'order by hour, key desc limit' },
      { file: DELETE, find: ' for update skip locked', replace: ' for update' },
    ],
    suite: inDelete('P2'),
  },
  {
    name: 'places-of-one-table-taken-for-all',
    mistake: 'rows are found by their place alone, which other months have too, of hours that stay',
    edits: [
      {
        file: DELETE,
        find: ` and c.tableoid = old.place\n  and c.hour < \${before}::timestamptz`,
        replace: ` and \${before} <> ''`,
      },
    ],
    suite: { project: 'node', file: 'test/postgres/operations-sql.test.ts' },
  },
]
