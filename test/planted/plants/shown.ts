import type { Plant, Suite } from '../plant.ts'

const PACE: Suite = { project: 'node', file: 'test/dashboard/data/live/pace.test.ts' }
const MOVED: Suite = { project: 'node', file: 'test/dashboard/data/live/moved.test.ts' }
const CSV: Suite = { project: 'node', file: 'test/model/text/csv.test.ts' }
const TABLES: Suite = { project: 'node', file: 'test/edge/csv/tables.test.ts' }
const PANELS: Suite = { project: 'node', file: 'test/postgres/grafana.test.ts' }
const VIEWS: Suite = {
  project: 'node',
  file: 'test/postgres/rollups/reads-over-days.test.ts',
  titles: 'the views by day, of labels and of all time',
}

const MIGRATION = 'migrations/0006_daily_views.sql'
const FIGURES = 'docs/grafana-figures.json'

/** The page and how often it asks, CSV, views and panels. */
export const SHOWN_PLANTS: readonly Plant[] = [
  {
    name: 'page-paced-by-turns',
    mistake: 'an open page waits as long after five requests as after one, and costs five times as much',
    edits: [
      {
        file: 'src/dashboard/data/live/pace.ts',
        find: 'Math.max(1, sent) * Math.max(',
        replace: 'Math.max(',
      },
    ],
    suite: PACE,
  },
  {
    name: 'hidden-page-asks',
    mistake: 'a page in the background goes on asking',
    edits: [
      {
        file: 'src/dashboard/data/live/pace.ts',
        find: '  if (isHidden) return null\n',
        replace: '  if (isHidden) return 60_000\n',
      },
    ],
    suite: PACE,
  },
  {
    name: 'page-asks-twice-at-once',
    mistake: 'a person who comes back while a turn is under way begins another beside it',
    edits: [{ file: 'src/dashboard/data/live/paced.ts', find: 'isBusy || isOver ?', replace: 'isOver ?' }],
    suite: PACE,
  },
  {
    name: 'pointer-at-rest-is-a-person',
    mistake: 'a page that moves under a pointer at rest takes that for a person, and never slows down',
    edits: [{ file: 'src/dashboard/data/live/presence.ts', find: 'isStill(event) || ', replace: '' }],
    suite: PACE,
  },
  {
    name: 'page-asks-for-the-prefix-alone',
    mistake: 'keys that are shown beside their prefix miss what was flushed between their reads',
    edits: [
      {
        file: 'src/dashboard/data/live/moved.ts',
        find: 'isChecked ? series.find((own) => hasAll(own.shown, series)) : undefined',
        replace: 'series.find((own) => hasAll(own.shown, series))',
      },
    ],
    suite: MOVED,
  },
  {
    name: 'page-wakes-postgres-each-hour',
    mistake: 'a page that lies open wakes a sleeping database at every turn of the hour',
    edits: [{ file: 'src/dashboard/data/live/moved.ts', find: 'isResting && mayWake', replace: 'isResting' }],
    suite: MOVED,
  },
  {
    name: 'csv-formula-behind-blanks',
    mistake: 'a spreadsheet runs a key that begins with a blank and then `=`',
    edits: [{ file: 'src/model/text/csv.ts', find: '|\\s*[=+', replace: '|[=+' }],
    suite: CSV,
  },
  {
    name: 'csv-quote-in-a-key',
    mistake: 'a key with a quote ends its cell, and what follows is read as other cells',
    edits: [{ file: 'src/model/text/csv.ts', find: `text.replaceAll('"', '""')`, replace: 'text' }],
    suite: CSV,
  },
  {
    name: 'csv-without-the-total',
    mistake: 'CSV by a label has no rows of the total, so that nobody sees whether its parts are all [L1]',
    edits: [
      { file: 'src/edge/csv/tables.ts', find: "    ...rows([null, 'total'], reading),\n", replace: '' },
    ],
    suite: TABLES,
  },
  {
    name: 'csv-pending-of-the-first-key',
    mistake: 'the headers of a CSV of several keys say how fresh its first key is [R2]',
    edits: [
      {
        file: 'src/edge/csv/tables.ts',
        find: 'readings.reduce((sum, own) => sum + (own.pending ?? 0), 0)',
        replace: 'first.pending',
      },
    ],
    suite: TABLES,
  },
  {
    name: 'csv-for-whoever-takes-anything',
    mistake: 'a client that takes both forms alike gets CSV, where it always got JSON',
    edits: [
      {
        file: 'src/edge/csv/accept.ts',
        find: 'weightOf(CSV_FORM, ranges) > weightOf',
        replace: 'weightOf(CSV_FORM, ranges) >= weightOf',
      },
    ],
    suite: { project: 'node', file: 'test/edge/csv/accept.test.ts' },
  },
  {
    name: 'view-counts-gone-days-twice',
    mistake: 'the view by day adds the hours that are left of a day to the day that stands for them [D1]',
    edits: [
      {
        file: MIGRATION,
        find: `r.state in ('good', 'gone'))\n) d cross join lateral (\n  select key, sum(sum)`,
        replace: `r.state in ('good'))\n) d cross join lateral (\n  select key, sum(sum)`,
      },
    ],
    suite: VIEWS,
  },
  {
    name: 'view-begins-with-hours-that-are-left',
    mistake: 'the view of all time begins with an hour that retention happens to have left [D1]',
    edits: [
      {
        file: MIGRATION,
        find: `\n    and not exists (select from sumdial.rollups r where r.day = t.first and r.state = 'gone')`,
        replace: '',
      },
    ],
    suite: VIEWS,
  },
  {
    name: 'panel-without-the-others',
    mistake: 'a panel by a label leaves out what is not among its ten largest values [L1]',
    edits: [
      {
        file: FIGURES,
        find: 'from parts join places using (value) group by',
        replace: 'from parts join places using (value) where place <= 10 group by',
      },
    ],
    suite: PANELS,
  },
  {
    name: 'panel-compares-with-a-whole-month',
    mistake: 'a panel compares this month so far with all of last month',
    edits: [
      {
        file: FIGURES,
        find: 'day < first and day < before + (today - first)',
        replace: 'day < first',
      },
    ],
    suite: PANELS,
  },
]
