import type { Plant, Suite } from '../plants.ts'

const SESSIONS: Suite = { project: 'workerd', file: 'test/workerd/dashboard.test.ts' }
const SERIES: Suite = { project: 'node', file: 'test/dashboard/series.test.ts' }

/** What people look at, and how they come in. */
export const DASHBOARD: readonly Plant[] = [
  {
    name: 'session-of-any-page',
    mistake: "another page's form discards parked cells in somebody's name",
    edits: [
      {
        file: 'src/edge/http/session.ts',
        find: 'return isSafe || isOwnPage(request) ?',
        replace: 'return isSafe || isOwnPage(request) || true ?',
      },
    ],
    suite: SESSIONS,
  },
  {
    name: 'session-counts',
    mistake: 'a page may count with the session of whoever looks at it',
    edits: [
      {
        file: 'src/edge/http/session.ts',
        find: "if (needs === 'write') return undefined",
        replace: "if (needs === 'nothing') return undefined",
      },
    ],
    suite: SESSIONS,
  },
  {
    name: 'badge-of-any-key',
    mistake: 'a badge tells everyone of keys whose prefix only begins like a public one',
    edits: [
      {
        file: 'src/edge/pages/badge.ts',
        find: 'publicPrefixes.some((prefix) => covers(prefix, key))',
        replace: 'publicPrefixes.some((prefix) => key.startsWith(prefix))',
      },
    ],
    suite: SESSIONS,
  },
  {
    name: 'live-after-a-flush',
    mistake: 'what was held is added to rows that may have it already, and counts twice on the chart',
    edits: [
      {
        file: 'src/dashboard/data/series.ts',
        find: 'if (unsettled.asOf !== series.asOf) return undefined',
        replace: 'if (unsettled.asOf === null) return undefined',
      },
    ],
    suite: SERIES,
  },
  {
    name: 'as-of-what-shards-know',
    mistake: 'a fresh read says that it has what the shard had settled, and not what was in the rows',
    edits: [
      {
        file: 'src/edge/read/fresh.ts',
        find: 'asOf: asOf(heard, ({ writer }) => ledger.get(writer)?.seq ?? 0)',
        replace: 'asOf: asOf(heard, ({ settledSeq }) => settledSeq)',
      },
    ],
    suite: { project: 'node', file: 'test/edge/read/counters.test.ts' },
  },
  {
    name: 'series-of-other-keys',
    mistake: 'what shards hold of a prefix is added up for keys that the token may not read',
    edits: [
      {
        file: 'src/shard/holdings.ts',
        find: 'key.startsWith(prefix) && covers(grant, key)',
        replace: 'key.startsWith(prefix) && covers(null, key)',
      },
    ],
    suite: { project: 'workerd', file: 'test/workerd/dashboard.test.ts' },
  },
  {
    name: 'series-of-one-shard',
    mistake: 'of the shards of an hour a series has what the last one holds',
    edits: [
      {
        file: 'src/edge/read/fresh.ts',
        find: 'hours.set(hour, mergeCells(hours.get(hour) ?? EMPTY_CELL, part))',
        replace: 'hours.set(hour, mergeCells(EMPTY_CELL, part))',
      },
    ],
    suite: { project: 'node', file: 'test/edge/read/series-shards.test.ts' },
  },
  {
    name: 'rows-named-without-new-writers',
    mistake:
      'a writer that has settled nothing is not named, though batches were settled under the one before it',
    edits: [
      {
        file: 'src/edge/read/fresh.ts',
        find: 'const { isStored = seq > 0 } = own',
        replace: 'const isStored = seq > 0',
      },
    ],
    suite: { project: 'node', file: 'test/edge/read/as-of-moved.test.ts' },
  },
  {
    name: 'two-turns-at-once',
    mistake: 'the page asks again before the answer to what it asked is there',
    edits: [{ file: 'src/dashboard/data/every.ts', find: 'if (isBusy || isOver', replace: 'if (isOver' }],
    suite: { project: 'node', file: 'test/dashboard/live.test.ts' },
  },
]
