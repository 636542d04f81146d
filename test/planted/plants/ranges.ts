import type { Plant, Suite } from '../plant.ts'

const RANGE_TESTS: Suite = { project: 'node', file: 'test/edge/read/range.test.ts' }
const COMPARE_TESTS: Suite = { project: 'node', file: 'test/postgres/compare.test.ts' }

/** Ranges that have a name, and the time before. */
export const RANGE_PLANTS: readonly Plant[] = [
  {
    name: 'range-of-rows-alone',
    mistake: 'everything of a new key begins with the hours that Postgres has, and a shard is not asked [R1]',
    edits: [
      {
        file: 'src/edge/read/range.ts',
        find: '[await firstHour(), freshFrom]',
        replace: '[await firstHour()]',
      },
    ],
    suite: RANGE_TESTS,
  },
  {
    name: 'range-of-ten-years',
    mistake: 'everything of a key leaves out what is older than ten years',
    edits: [
      {
        file: 'src/edge/read/all-time.ts',
        find: 'if (hours.some((hour) => hour < query.range.from)) return undefined',
        replace: '',
      },
    ],
    suite: { project: 'node', file: 'test/edge/read/all-time.test.ts' },
  },
  {
    name: 'range-of-keys-of-others',
    mistake:
      'everything of a token with a prefix begins with the first hour of any key, and tells when that was [S2]',
    edits: [
      {
        file: 'src/edge/read/series.ts',
        find: 'database.firstHour({ ranges })',
        replace: 'database.firstHour({ ranges: keysUnder(prefix, null) ?? [] })',
      },
    ],
    suite: RANGE_TESTS,
  },
  {
    name: 'range-of-hours-that-are-left',
    mistake:
      'everything begins with the first hour that retention has left, although older days are there [D1]',
    edits: [
      {
        file: 'src/postgres/first-hour.ts',
        find: 'sumdial.days where key = asked.key order by day limit 1',
        replace: 'sumdial.days where false',
      },
    ],
    suite: { project: 'node', file: 'test/postgres/first-hour.test.ts' },
  },
  {
    name: 'range-of-24-hour-days',
    mistake: 'yesterday begins 24 hours before today, also where the clocks were turned',
    edits: [
      {
        file: 'src/model/time/ranges.ts',
        find: 'firstOf(addHours(end, -1), form.unit, 1, zone)',
        replace: "form.unit === 'day' ? addHours(end, -24) : firstOf(addHours(end, -1), form.unit, 1, zone)",
      },
    ],
    suite: { project: 'node', file: 'test/model/time/ranges.test.ts' },
  },
  {
    name: 'time-before-into-the-next-month',
    mistake: '31 March is compared with February and three days of March, which count twice',
    edits: [
      {
        file: 'src/model/time/calendar.ts',
        find: 'addHours(end, Math.min(0, behind - end))',
        replace: 'addHours(end, behind - end)',
      },
    ],
    suite: { project: 'node', file: 'test/model/time/previous.test.ts' },
  },
  {
    name: 'hours-beside-by-number',
    mistake: 'after the clocks were turned, noon is compared with eleven or one o’clock of the time before',
    edits: [
      {
        file: 'src/model/time/previous.ts',
        find: "unit === 'hour' ? daysApart(buckets[0]?.from, before[0]?.from, zone) : undefined",
        replace: 'undefined as number | undefined',
      },
    ],
    suite: { project: 'node', file: 'test/model/time/beside.test.ts' },
  },
  {
    name: 'time-before-without-its-shards',
    mistake: 'the time before has its rows alone, also where shards of its hours were acknowledged more [R1]',
    edits: [
      {
        file: 'src/edge/read/found.ts',
        find: 'previous === null ? [range] : [previous.range, range]',
        replace: '[range]',
      },
    ],
    suite: COMPARE_TESTS,
  },
  {
    name: 'hours-between-are-read',
    mistake: 'a bad row between a range and the time before, which nobody asked for, fails the read [R2]',
    edits: [
      {
        file: 'src/edge/read/found.ts',
        find: 'to: range.to, gap, writers })',
        replace: 'to: range.to, writers })',
      },
    ],
    suite: COMPARE_TESTS,
  },
]
