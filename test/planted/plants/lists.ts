import type { Plant } from '../plant.ts'

const ROWS = 'src/postgres/rollups/segments.ts'

const overDays = (titles: string) =>
  ({ project: 'node', file: 'test/postgres/rollups/lists-over-days.test.ts', titles }) as const

/** Lists over days, and what is said of a read that is too slow. */
export const LIST_PLANTS: readonly Plant[] = [
  {
    name: 'list-of-stale-days',
    mistake: 'a list takes a day that a late batch has changed since it was made [D1]',
    edits: [
      {
        file: ROWS,
        find: `\${STANDS} as is_made`,
        replace: "state in ('good', 'gone', 'stale') as is_made",
      },
    ],
    suite: overDays('a list equals'),
  },
  {
    name: 'list-counts-gone-days-twice',
    mistake:
      'a list counts the hours that retention has not deleted yet beside the day that stands for them [D1]',
    edits: [
      {
        file: ROWS,
        find: "filter (where stands), '{}') as hours,",
        replace: "filter (where stands and not is_gone), '{}') as hours,",
      },
    ],
    suite: overDays('a list equals'),
  },
  {
    name: 'page-without-keys-of-days',
    mistake: 'a page of keys has only those that have hours, and skips the keys that have days alone [D1]',
    edits: [
      {
        file: 'src/postgres/list-sql.ts',
        find: 'unionAll([daysOfPage(query), hoursBesideDays(query)])',
        replace: 'hoursBesideDays(query)',
      },
    ],
    suite: overDays('turning the pages'),
  },
  {
    name: 'page-that-ends-with-its-days',
    mistake: 'a page that days do not fill ends with the last key that has days [D1]',
    edits: [
      {
        file: 'src/postgres/list-sql.ts',
        find: ` having count(*) = \${query.limit}::int`,
        replace: '',
      },
    ],
    suite: overDays('a list equals'),
  },
  {
    name: 'page-with-unreadable-days',
    mistake: 'a page of keys adds up rows of days that somebody has made no cells, and is a 500 [D1]',
    edits: [
      {
        file: 'src/postgres/list-sql.ts',
        find: `\${isDayOf(span)}\${readable} offset 0`,
        replace: `\${isDayOf(span)} offset 0`,
      },
      {
        file: 'src/postgres/list-sql.ts',
        find: `selectionsOf(query, cells, sql\`\${upTo}\${readable}\`)`,
        replace: 'selectionsOf(query, cells, upTo)',
      },
    ],
    suite: { project: 'node', file: 'test/postgres/rollups/careful-lists.test.ts' },
  },
  {
    name: 'unreadable-rows-that-are-not-read',
    mistake: 'a list names rows of hours for which a day stands, and which it does not read [D1]',
    edits: [
      {
        file: 'src/postgres/list-sql.ts',
        find: `\${rowsOfManyKeys(spanOf(query), selections)} \${above}`,
        replace: `\${rowsOfManyKeys({ ...spanOf(query), reach: 'young' }, selections)} \${above}`,
      },
    ],
    suite: { project: 'node', file: 'test/postgres/rollups/careful-lists.test.ts' },
  },
  {
    name: 'list-by-labels-of-all-labels',
    mistake: 'a list by labels adds up what has other labels too [L1]',
    edits: [
      {
        file: 'src/postgres/list-sql.ts',
        find: 'where.length === 0 ? sql',
        replace: 'where.length >= 0 ? sql',
      },
    ],
    suite: { project: 'node', file: 'test/postgres/lists-by-labels.test.ts', titles: 'as naive adding up' },
  },
  {
    name: 'slow-list-says-that-postgres-is-away',
    mistake: 'a list that asks for too much is answered as if Postgres were away',
    edits: [
      {
        file: 'src/postgres/too-slow.ts',
        find: '? new TooSlow(kind, error) : error',
        replace: '? error : new TooSlow(kind, error)',
      },
    ],
    suite: { project: 'node', file: 'test/postgres/too-slow.test.ts', titles: 'asks for too much' },
  },
]
