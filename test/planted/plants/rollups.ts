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
    name: 'old-batch-not-sent-again',
    mistake: 'a batch that Postgres finds old, and its sender young, is never applied',
    edits: [
      {
        file: 'src/postgres/sink.ts',
        find: "age === 'young' && outcome.kind === 'behind' ? await send('any') : outcome",
        replace: 'outcome',
      },
    ],
    suite: tests('mark', 'by the clock of Postgres'),
  },
  {
    name: 'young-batch-in-roll-ups',
    mistake: 'a batch of the current hour carries the statement of late ones, which holds the row of its day',
    edits: [
      {
        file: APPLY,
        find: "return nowMs < hourStartMs(addHours(hour, MARK_AFTER_HOURS)) ? 'young' : 'any'",
        replace: "return nowMs < 0 ? 'young' : 'any'",
      },
    ],
    suite: tests('mark', 'of a young hour'),
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
        find: `select coalesce(made_below, '') collate "C" as first from sumdial.rollups
  where \${PATIENT} and day = \${day}::date and state = 'building'`,
        replace: `insert into sumdial.rollups as r (day, state, made_at) select \${day}::date, 'good', now() where \${PATIENT}
  on conflict (day) do update set state = 'good' where r.state in ('stale', 'building') returning '' collate "C" as first`,
      },
      {
        file: MAKE,
        find: '(select state from made) as state',
        replace: "(select 'good' from work) as state",
      },
      {
        file: 'src/postgres/rollups/rollups.ts',
        find: 'transact([claimDay(day), fillDay(day, pieceRows)])',
        replace: 'transact([fillDay(day, pieceRows)]).then(([filled]) => [claimDay(day), filled] as const)',
      },
    ],
    suite: tests('cut-off', 'takes in what the batch was for'),
  },
  {
    name: 'pieces-go-on-after-a-change',
    mistake:
      'a day that was changed between two of its pieces is not begun anew, and lacks what came late [D1]',
    edits: [
      { file: MAKE, find: "case r.state when 'partial' then r.made_below end", replace: 'r.made_below' },
    ],
    suite: tests('cut-off', 'begins anew after'),
  },
  {
    name: 'day-good-after-its-first-piece',
    mistake: 'a day of very many keys is read before all of them are in it [D1]',
    edits: [{ file: MAKE, find: "when piece.is_last then 'good' else 'partial'", replace: "else 'good'" }],
    suite: tests('cut-off', 'until its last piece is made'),
  },
  {
    name: 'piece-deletes-the-pieces-before',
    mistake: 'a piece deletes the rows of all keys that it does not have [D1]',
    edits: [
      {
        file: MAKE,
        find: `delete from sumdial.days as d using piece
  where d.day = \${day}::date and \${OF_PIECE}`,
        replace: `delete from sumdial.days as d using piece
  where d.day = \${day}::date`,
      },
    ],
    suite: tests('cut-off', 'until its last piece is made'),
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
