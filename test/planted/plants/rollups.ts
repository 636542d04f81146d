import type { Plant } from '../plant.ts'

const APPLY = 'src/postgres/apply.ts'
const MAKE = 'src/postgres/rollups/make.ts'
const RETENTION = 'src/postgres/retention.ts'

const tests = (file: string, titles: string) => ({
  project: 'node' as const,
  file: `test/postgres/rollups/${file}.test.ts`,
  titles,
})

/** Days made from hours, and late batches and retention beside that. */
export const ROLLUPS_PLANTS: readonly Plant[] = [
  {
    name: 'mark-placed-first',
    mistake:
      'a batch holds the row of its day while it waits for its cells, and with it every other batch of the day',
    edits: [
      {
        file: APPLY,
        find: ' and (select count(*) from applied) >= 0',
        replace: '',
      },
    ],
    suite: tests('mark', 'holds up no other batch'),
  },
  {
    name: 'mark-by-the-clock-of-the-sender',
    mistake: 'a batch that its sender takes for young marks no day, however old it is [D1]',
    edits: [
      {
        file: APPLY,
        find: `sql\` and \${isYoung(startOf(batch.hour))}\``,
        replace: 'NOTHING',
      },
    ],
    suite: tests('mark', 'by the clock of Postgres'),
  },
  {
    name: 'day-made-from-what-retention-left',
    mistake: 'a late batch has a day made again whose hours are deleted [D1]',
    edits: [
      { file: APPLY, find: "case r.state when 'gone' then 'gone' else 'stale' end", replace: "'stale'" },
    ],
    suite: tests('mark', 'when its hours are gone'),
  },
  {
    name: 'late-batch-of-a-gone-day-in-hours-alone',
    mistake: 'a batch of a day that is gone is added to hours, which nobody reads [D1]',
    edits: [{ file: APPLY, find: "where state = 'gone')`", replace: "where state = 'good')`" }],
    suite: tests('mark', 'when its hours are gone'),
  },
  {
    name: 'deleted-before-gone',
    mistake: 'retention deletes hours of a day that is not given up yet [D1]',
    edits: [
      { file: RETENTION, find: '      await execute(giveUpHours(first))\n', replace: '' },
      {
        file: RETENTION,
        find: '      return { deleted: slices',
        replace: '      await execute(giveUpHours(first))\n      return { deleted: slices',
      },
      { file: RETENTION, find: "state = 'gone' and day <", replace: "state in ('good', 'gone') and day <" },
    ],
    suite: tests('cut-off', 'is then made from what is left'),
  },
  {
    name: 'roll-up-of-one-statement',
    mistake: 'a roll-up that waited for a late batch reads what its own first snapshot shows [D1]',
    edits: [
      {
        file: MAKE,
        find: `select from sumdial.rollups where \${PATIENT} and day = \${day}::date and state = 'building'`,
        replace: `insert into sumdial.rollups as r (day, state, made_at) select \${day}::date, 'good', now() where \${PATIENT}
  on conflict (day) do update set state = 'good' where r.state in ('stale', 'building') returning state`,
      },
      { file: MAKE, find: '(select state from made) as state', replace: '(select state from work) as state' },
      {
        file: 'src/postgres/rollups/rollups.ts',
        find: 'transact([claimDay(day), fillDay(day)])',
        replace: 'transact([fillDay(day)]).then(([filled]) => [claimDay(day), filled] as const)',
      },
    ],
    suite: tests('cut-off', 'takes in what the batch was for'),
  },
  {
    name: 'rows-of-no-hours-stay',
    mistake: 'a key whose hours were removed keeps its row of a day that is made again [D1]',
    edits: [
      { file: MAKE, find: 'and not exists (select from cell where cell.key = d.key)', replace: 'and false' },
    ],
    suite: tests('make', 'has no row of what its hours do not have'),
  },
]
