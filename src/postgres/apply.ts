import { type SQL, sql } from 'drizzle-orm'
import { MARK_AFTER_HOURS } from '../limits.ts'
import type { Cells } from '../model/cells.ts'
import type { Batch } from '../model/flush/batch.ts'
import { addHours, formatHourStart, type Hour, hourStartMs } from '../model/hour.ts'
import { isLabelled, keyOf, labelsOf } from '../model/slices/slice.ts'
import { PATIENT, type Statement, writing } from './statement.ts'

/**
 * A batch is young while its hour began less than MARK_AFTER_HOURS ago: no day is made as early, so it marks none. Only Postgres
 * can judge that, in the statement itself, because a batch may have been made long ago and by any clock. So the statement
 * for young batches claims nothing where its batch is not young, and the other one takes any.
 */
export type Age = 'young' | 'any'

/** The age of a batch of this hour as the sender sees it. */
export function ageOf(hour: Hour, nowMs: number): Age {
  return nowMs < hourStartMs(addHours(hour, MARK_AFTER_HOURS)) ? 'young' : 'any'
}

/**
 * The statement that applies a batch, in one round trip and one transaction: it claims (writer, seq) in the ledger, and
 * adds the cells only if that succeeds. A concurrent copy waits on the ledger's row, and then finds the seq claimed.
 * [P1]
 *
 * Rows are taken in the order of their keys, whatever the order of the arrays. [P2] The text is constant and every list
 * is one parameter, so Postgres's limit of 65,535 parameters is far.
 *
 * Lists are made into texts here, because the driver would put every element of an array in quotes, each of which JSON
 * escapes. With 5,000 cells that made 334 kB instead of 234, and took 11 ms instead of 6 in addition to Postgres's own
 * time.
 */
export function claimAndApply(batch: Batch, age: Age): Statement {
  const writer = sql`${batch.writer}::uuid`
  const seq = sql`${batch.seq}::bigint`
  return writing(sql`
, claim as (
  insert into sumdial.ledger as l (writer, shard, seq, batch, increments, flushed_at)
  select ${writer}, ${batch.shard}, ${seq}, ${batch.id}::uuid, ${batch.increments}::bigint, now()
  where ${PATIENT}${age === 'young' ? sql` and ${isYoung(startOf(batch.hour))}` : NOTHING} and (${seq} = 1 or exists (select from sumdial.ledger where writer = ${writer}))
  on conflict (writer) do update set
    seq = excluded.seq, batch = excluded.batch, increments = l.increments + excluded.increments, flushed_at = now()
  where l.seq = excluded.seq - 1 and not l.sealed
  returning 1
), ${batch.cells.keys.some(isLabelled) ? applyLabelled(batch, age) : applyPlain(batch, age)}
select (select count(*) from claim)::int as claimed, before.seq::text as seq, before.batch, before.sealed
from (values (1)) as one left join sumdial.ledger as before on before.writer = ${writer}`)
}

/** Adds cells of which none has labels. */
function applyPlain({ hour, cells }: Batch, age: Age): SQL {
  const start = startOf(hour)
  return sql`cell as (
  select * from unnest(${arrayOf(cells.keys.map(element))}::text[], ${numbersOf(cells)}) as cell (key, sum, count, min, max)
  where exists (select from claim)
), applied as (
  insert into sumdial.counters as c (key, hour, sum, count, min, max, updated_at)
  select cell.key, ${start}, cell.sum, cell.count, cell.min, cell.max, now()
  from cell order by cell.key collate "C"
  on conflict (key, hour) ${ADDS}${COUNTED[age]}
)${
    age === 'young'
      ? NOTHING
      : sql`, ${markDay(start)}, added_to_days as (
  insert into sumdial.days as c (key, day, sum, count, min, max, updated_at)
  select cell.key, ${dayOf(start)}, cell.sum, cell.count, cell.min, cell.max, now()
  from cell where ${IS_GONE}
  order by cell.key collate "C"
  on conflict (key, day) ${ADDS}
)`
  }`
}

/**
 * Adds cells of which some have labels. A slice's row, and its part of its key's row, are made from one cell in one
 * statement, so they never part, wherever a batch is cut. [L1]
 *
 * The rows of `counters` wait for all rows of `slices`, because Postgres promises no order between them by itself; and
 * each table's rows are taken in the order of its own key. [P2]
 */
function applyLabelled({ hour, cells }: Batch, age: Age): SQL {
  const start = startOf(hour)
  const labels = cells.keys.map((slice) => {
    const own = labelsOf(slice)
    return own === undefined ? 'null' : element(JSON.stringify(own))
  })
  return sql`cell as materialized (
  select * from unnest(
    ${arrayOf(cells.keys.map((slice) => element(keyOf(slice))))}::text[], ${arrayOf(labels)}::jsonb[], ${numbersOf(cells)}
  ) as cell (key, labels, sum, count, min, max)
  where exists (select from claim)
), sliced as (
  insert into sumdial.slices as c (key, hour, labels, sum, count, min, max, updated_at)
  select cell.key, ${start}, cell.labels, cell.sum, cell.count, cell.min, cell.max, now()
  from cell where cell.labels is not null
  order by cell.key collate "C", cell.labels
  on conflict (key, hour, labels) ${ADDS}
  returning 1
), applied as (
  insert into sumdial.counters as c (key, hour, sum, count, min, max, updated_at)
  select cell.key, ${start}, ${SUMS}
  from cell where (select count(*) from sliced) >= 0
  group by cell.key
  order by cell.key collate "C"
  on conflict (key, hour) ${ADDS}${COUNTED[age]}
)${
    age === 'young'
      ? NOTHING
      : sql`, ${markDay(start)}, added_to_slice_days as (
  insert into sumdial.slice_days as c (key, day, labels, sum, count, min, max, updated_at)
  select cell.key, ${dayOf(start)}, cell.labels, cell.sum, cell.count, cell.min, cell.max, now()
  from cell where cell.labels is not null and ${IS_GONE}
  order by cell.key collate "C", cell.labels
  on conflict (key, day, labels) ${ADDS}
  returning 1
), added_to_days as (
  insert into sumdial.days as c (key, day, sum, count, min, max, updated_at)
  select cell.key, ${dayOf(start)}, ${SUMS}
  from cell where ${IS_GONE} and (select count(*) from added_to_slice_days) >= 0
  group by cell.key
  order by cell.key collate "C"
  on conflict (key, day) ${ADDS}
)`
  }`
}

const SUMS = sql`sum(cell.sum), sum(cell.count)::bigint, min(cell.min), max(cell.max), now()`

const NOTHING = sql``

/** Only a mark counts the rows. Returned for nobody they made a flush of 300 cells 7 % slower. */
const COUNTED = { young: NOTHING, any: sql` returning 1` } as const

const ADDS = sql`do update set
    sum = c.sum + excluded.sum, count = c.count + excluded.count,
    min = least(c.min, excluded.min), max = greatest(c.max, excluded.max), updated_at = now()`

/**
 * A batch of an old hour says that its day differs from its hours. [D1]
 *
 * It does so last, after all rows of the cells, because it holds that one row until the commit, and whoever else has cells of
 * the day waits for it: placed first, imports ran at a third of the speed. An upsert acts on the newest row, whatever the
 * statement's snapshot, so a roll-up or retention that was under way meanwhile is not overlooked.
 *
 * Nobody reads the hours of a day that is gone, so the cells are added to its days as well.
 */
function markDay(start: SQL): SQL {
  return sql`marked as (
  insert into sumdial.rollups as r (day, state, changed, changed_at)
  select ${dayOf(start)}, 'stale', 1, clock_timestamp()
  where exists (select from claim) and not ${isYoung(start)} and (select count(*) from applied) >= 0
  on conflict (day) do update set
    state = case r.state when 'gone' then 'gone' else 'stale' end, changed = r.changed + 1, changed_at = clock_timestamp()
  returning state
)`
}

const IS_GONE = sql`exists (select from marked where state = 'gone')`

function isYoung(start: SQL): SQL {
  return sql`(${start} > clock_timestamp() - make_interval(hours => ${MARK_AFTER_HOURS}::int))`
}

function startOf(hour: Hour): SQL {
  return sql`${formatHourStart(hour)}::timestamptz`
}

function dayOf(start: SQL): SQL {
  return sql`(${start} at time zone 'UTC')::date`
}

/** The numbers of cells, as four arrays. */
function numbersOf({ sums, counts, mins, maxs }: Cells): SQL {
  return sql`${arrayOf(sums)}::numeric[], ${arrayOf(counts)}::bigint[], ${arrayOf(mins)}::bigint[], ${arrayOf(maxs)}::bigint[]`
}

/** Postgres's text for an array of numbers, or of texts that `element` has made. */
function arrayOf(elements: readonly (number | bigint | string)[]): string {
  return `{${elements.join(',')}}`
}

/** Texts that need no quotes among an array's elements: not all that need none, but nearly every key. */
const BARE = /^(?!null$)[\w./:@-]+$/i

/** A text as an element of an array. Source: postgresql.org/docs/current/arrays.html, 8.15.6. */
function element(text: string): string {
  return BARE.test(text) ? text : `"${text.replace(/["\\]/g, '\\$&')}"`
}
