import type { Plant, Suite } from '../plants.ts'

const COUNTERS: Suite = { project: 'node', file: 'test/edge/read/counters.test.ts' }
const CALENDAR: Suite = { project: 'node', file: 'test/model/calendar.test.ts' }

/** Reads of keys. */
export const READING: readonly Plant[] = [
  {
    name: 'read-of-two-instants',
    mistake: 'what does not fit the ledger is left out rather than asked for again',
    edits: [
      {
        file: 'src/edge/read/fresh.ts',
        find: 'if (part === undefined) return undefined',
        replace: 'if (part === undefined) continue',
      },
    ],
    suite: COUNTERS,
  },
  {
    name: 'shards-after-rows',
    mistake:
      'what the shards hold is added as it is after the rows were read, and what was flushed between is missed',
    edits: [
      {
        file: 'src/edge/read/fresh.ts',
        find: '    const { ledger } = committed\n',
        replace:
          '    for (const one of heard) Object.assign(one, { unsettled: await ask(one.shard, one.keys) })\n    const { ledger } = committed\n',
      },
    ],
    suite: COUNTERS,
  },
  {
    name: 'tries-without-an-end',
    mistake: 'each step of a read has its time, and all of its tries together have none',
    edits: [
      {
        file: 'src/edge/operations.ts',
        find: 'within(services.clock, READ_MS_MAX, reading, SLOW)',
        replace: 'within(services.clock, READ_MS_MAX * 10, reading, SLOW)',
      },
    ],
    suite: { project: 'node', file: 'test/edge/read/read-time.test.ts' },
  },
  {
    name: 'sums-written-as-doubles',
    mistake: 'a sum beyond 2^53 is written as the double next to it',
    edits: [
      {
        file: 'src/edge/http/json.ts',
        find: 'Number.isSafeInteger(number) ? number',
        replace: 'Number.isFinite(number) ? number',
      },
    ],
    suite: { project: 'node', file: 'test/edge/http/json.test.ts' },
  },
  {
    name: 'hour-in-the-day-that-it-ends-in',
    mistake: 'where midnight splits an hour, the hour counts in the day that it ends in',
    edits: [
      {
        file: 'src/model/calendar.ts',
        find: 'from: firstHourFrom(startMs) }',
        replace: 'from: hourOf(startMs) }',
      },
    ],
    suite: CALENDAR,
  },
  {
    name: 'unsettled-in-another-bucket',
    mistake: 'what Postgres has not is added to the first bucket',
    edits: [
      {
        file: 'src/edge/read/counters.ts',
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
]
