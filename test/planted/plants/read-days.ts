import type { Plant, Suite } from '../plant.ts'

const SEGMENTS = 'src/postgres/rollups/segments.ts'
const READER = 'src/postgres/reader.ts'

const overDays: Suite = {
  project: 'node',
  file: 'test/postgres/rollups/reads-over-days.test.ts',
  titles: 'a read equals a naive walk over hours',
}

/** Which days stand for their hours in a read. */
export const READ_DAYS_PLANTS: readonly Plant[] = [
  {
    name: 'day-read-across-buckets',
    mistake: 'a day counts as a whole although a bucket ends within it [D1]',
    edits: [{ file: SEGMENTS, find: ` and \${first} = \${last})`, replace: ')' }],
    suite: overDays,
  },
  {
    name: 'stale-day-read',
    mistake: 'a read takes a day that was made before a late batch changed its hours [D1]',
    edits: [
      { file: SEGMENTS, find: "state in ('good', 'gone')", replace: "state in ('good', 'gone', 'stale')" },
    ],
    suite: overDays,
  },
  {
    name: 'hours-read-beside-their-day',
    mistake: 'hours that are left of a day count again beside it [D1]',
    edits: [
      {
        file: SEGMENTS,
        find: '((select is_empty from cover) or hour <@ (select hours from cover))',
        replace: 'true',
      },
    ],
    suite: overDays,
  },
  {
    name: 'cut-day-not-said',
    mistake: 'a day without hours counts whole, and the answer does not say so [D1]',
    edits: [{ file: SEGMENTS, find: `is_gone and not \${isWhole(span)}`, replace: 'false' }],
    suite: { project: 'node', file: 'test/postgres/rollups/coarse-answers.test.ts' },
  },
  {
    name: 'days-of-another-snapshot',
    mistake: 'a read asks which days are good, and then reads, in two statements [R1]',
    edits: [
      {
        file: SEGMENTS,
        find: 'from sumdial.rollups\n',
        replace: `from (select key::date as day, value as state from jsonb_each_text(\${sql.placeholder('states')}::jsonb)) as before\n`,
      },
      {
        file: READER,
        find: 'const values = { bounds, from, to: end, writers, ...more }',
        replace: `const { items } = await read(listing(sql\`select day, state from sumdial.rollups\`)) as { items: { day: string, state: string }[] }
    const states = JSON.stringify(Object.fromEntries(items.map(({ day, state }) => [day, state])))
    const values = { bounds, from, to: end, writers, ...more, states }`,
      },
      {
        file: READER,
        find: "import { z } from 'zod'",
        replace: "import { z } from 'zod'\nimport { listing } from './statement.ts'",
      },
    ],
    suite: { project: 'node', file: 'test/postgres/rollups/one-snapshot.test.ts' },
  },
  {
    name: 'many-hours-without-days',
    mistake: 'a read that has many hours to read beside days leaves the days out [D1]',
    edits: [{ file: 'src/postgres/rollups/reaching.ts', find: "read('mixed')", replace: "read('young')" }],
    suite: overDays,
  },
  {
    name: 'gone-hours-taken-for-none',
    mistake: 'a read that may not look which days are gone answers from the hours that are left [D1]',
    edits: [{ file: 'src/postgres/failure.ts', find: "=== '42P01'", replace: "!== ''" }],
    suite: { project: 'node', file: 'test/postgres/rollups/without-days.test.ts' },
  },
]
