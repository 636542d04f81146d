import type { Plant, Suite } from '../plants.ts'

const COUNTERS: Suite = { project: 'node', file: 'test/edge/counters.test.ts' }
const CALENDAR: Suite = { project: 'node', file: 'test/model/calendar.test.ts' }
const PREFIX: Suite = { project: 'node', file: 'test/model/prefix.test.ts' }
const LISTS: Suite = { project: 'node', file: 'test/postgres/lists.test.ts' }
const HOURS: Suite = { project: 'node', file: 'test/edge/hours.test.ts' }

/** Reads, lists, and whether an hour is final. */
export const READING: readonly Plant[] = [
  {
    name: 'read-of-two-instants',
    mistake: 'what does not fit the ledger is left out rather than asked for again',
    edits: [
      {
        file: 'src/edge/fresh.ts',
        find: 'if (part === undefined) return undefined',
        replace: 'if (part === undefined) continue',
      },
    ],
    suite: COUNTERS,
  },
  {
    name: 'unsettled-in-another-bucket',
    mistake: 'what Postgres has not is added to the first bucket',
    edits: [
      {
        file: 'src/edge/counters.ts',
        find: 'const i = bucketIndexOf(buckets, hour)',
        replace: 'const i = bucketIndexOf(buckets, buckets[0]?.from ?? hour)',
      },
    ],
    suite: COUNTERS,
  },
  {
    name: 'days-of-utc',
    mistake: 'days, weeks and months are those of UTC, whatever the zone',
    edits: [
      { file: 'src/model/calendar.ts', find: 'const local = localMs(zone, ms)', replace: 'const local = ms' },
    ],
    suite: CALENDAR,
  },
  {
    name: 'weeks-from-sunday',
    mistake: 'weeks begin on Sunday',
    edits: [
      {
        file: 'src/model/calendar.ts',
        find: 'const DAYS_FROM_MONDAY = 3',
        replace: 'const DAYS_FROM_MONDAY = 4',
      },
    ],
    suite: CALENDAR,
  },
  {
    name: 'prefix-without-an-end',
    mistake: 'a list of a prefix that ends in ASCII goes on past it',
    edits: [
      {
        file: 'src/model/prefix.ts',
        find: 'if (last < LAST_POINT)',
        replace: 'if (last < LAST_POINT && last > 0x7f)',
      },
    ],
    suite: PREFIX,
  },
  {
    name: 'page-begins-with-the-last-key',
    mistake: 'the key that a page ended with is on the next page too',
    edits: [
      {
        file: 'src/postgres/list-sql.ts',
        find: `sql\`key > \${after}::text\``,
        replace: `sql\`key >= \${after}::text\``,
      },
    ],
    suite: LISTS,
  },
  {
    name: 'final-while-the-shards-may-take-more',
    mistake: 'an hour is final as soon as the edge has closed it',
    edits: [
      {
        file: 'src/model/settlement.ts',
        find: 'return settlement.isShut && settlement.pending',
        replace: 'return settlement.pending',
      },
    ],
    suite: HOURS,
  },
]
