import { type SQL, sql } from 'drizzle-orm'
import { z } from 'zod'
import { STATEMENT_MS_MAX } from '../limits.ts'
import type { Cells } from '../model/cells.ts'
import type { ApplyOutcome, Batch, Sink } from '../model/flush/batch.ts'
import { formatHourStart } from '../model/hour.ts'
import { isLabelled, keyOf, labelsOf } from '../model/slices/slice.ts'
import { openSession } from './driver/open-session.ts'
import type { Postgres } from './driver/session.ts'
import { classifyFailure } from './failure.ts'
import type { Statement } from './statement.ts'
import { PATIENT, writing } from './statement.ts'

/** Writes batches to Postgres, over one connection from the first statement to the next `end`. */
export function createSink(postgres: Postgres): Sink {
  const session = openSession(postgres)
  const execute = (statement: Statement, withinMs = STATEMENT_MS_MAX) => session.execute(statement, withinMs)
  return {
    async apply(batch, withinMs) {
      try {
        const { rows } = await execute(claimAndApply(batch), withinMs)
        return readAnswer(answerSchema.parse(rows[0]), batch)
      } catch (error) {
        return classifyFailure(error)
      }
    },
    async seal(writer, shard) {
      try {
        const { rows } = await execute(sealWriter(writer, shard))
        return { kind: 'sealed', sealed: sealedSchema.parse(rows[0]) }
      } catch (error) {
        return classifyFailure(error)
      }
    },
    async register(writer, shard) {
      try {
        await execute(registerWriter(writer, shard))
        return { kind: 'registered' }
      } catch (error) {
        return classifyFailure(error)
      }
    },
    end: () => session.end(),
  }
}

/** Adds the row of a writer. A missing row counts as seq 0, so a row with seq 0 says nothing else. */
function registerWriter(writer: string, shard: string): Statement {
  return writing(sql`
insert into sumdial.ledger (writer, shard, seq) select ${writer}::uuid, ${shard}, 0 where ${PATIENT}
on conflict (writer) do nothing`)
}

/**
 * Seals a writer. The first seal's time stays. The statement waits for a copy of a batch that is under way, and then
 * shows it.
 */
function sealWriter(writer: string, shard: string): Statement {
  return writing(sql`
insert into sumdial.ledger as l (writer, shard, seq, sealed, sealed_at)
select ${writer}::uuid, ${shard}, 0, true, now() where ${PATIENT}
on conflict (writer) do update set sealed = true, sealed_at = coalesce(l.sealed_at, now())
returning seq::text as seq, batch`)
}

const sealedSchema = z.object({ seq: z.coerce.number(), batch: z.string().nullable() })

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
export function claimAndApply(batch: Batch): Statement {
  const writer = sql`${batch.writer}::uuid`
  const seq = sql`${batch.seq}::bigint`
  return writing(sql`
, claim as (
  insert into sumdial.ledger as l (writer, shard, seq, batch, increments, flushed_at)
  select ${writer}, ${batch.shard}, ${seq}, ${batch.id}::uuid, ${batch.increments}::bigint, now()
  where ${PATIENT} and (${seq} = 1 or exists (select from sumdial.ledger where writer = ${writer}))
  on conflict (writer) do update set
    seq = excluded.seq, batch = excluded.batch, increments = l.increments + excluded.increments, flushed_at = now()
  where l.seq = excluded.seq - 1 and not l.sealed
  returning 1
), ${batch.cells.keys.some(isLabelled) ? applyLabelled(batch) : applyPlain(batch)}
select (select count(*) from claim)::int as claimed, before.seq::text as seq, before.batch, before.sealed
from (values (1)) as one left join sumdial.ledger as before on before.writer = ${writer}`)
}

/** Adds cells of which none has labels. */
function applyPlain({ hour, cells }: Batch): SQL {
  return sql`applied as (
  insert into sumdial.counters as c (key, hour, sum, count, min, max, updated_at)
  select cell.key, ${formatHourStart(hour)}::timestamptz, cell.sum, cell.count, cell.min, cell.max, now()
  from unnest(${arrayOf(cells.keys.map(element))}::text[], ${numbersOf(cells)}) as cell (key, sum, count, min, max)
  where exists (select from claim)
  order by cell.key collate "C"
  on conflict (key, hour) do update set
    sum = c.sum + excluded.sum, count = c.count + excluded.count,
    min = least(c.min, excluded.min), max = greatest(c.max, excluded.max), updated_at = now()
)`
}

/**
 * Adds cells of which some have labels. A slice's row, and its part of its key's row, are made from one cell in one
 * statement, so they never part, wherever a batch is cut. [L1]
 *
 * The rows of `counters` wait for all rows of `slices`, because Postgres promises no order between them by itself; and
 * each table's rows are taken in the order of its own key. [P2]
 */
function applyLabelled({ hour, cells }: Batch): SQL {
  const start = sql`${formatHourStart(hour)}::timestamptz`
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
  insert into sumdial.slices as s (key, hour, labels, sum, count, min, max, updated_at)
  select cell.key, ${start}, cell.labels, cell.sum, cell.count, cell.min, cell.max, now()
  from cell where cell.labels is not null
  order by cell.key collate "C", cell.labels
  on conflict (key, hour, labels) do update set
    sum = s.sum + excluded.sum, count = s.count + excluded.count,
    min = least(s.min, excluded.min), max = greatest(s.max, excluded.max), updated_at = now()
  returning 1
), applied as (
  insert into sumdial.counters as c (key, hour, sum, count, min, max, updated_at)
  select cell.key, ${start}, sum(cell.sum), sum(cell.count)::bigint, min(cell.min), max(cell.max), now()
  from cell where (select count(*) from sliced) >= 0
  group by cell.key
  order by cell.key collate "C"
  on conflict (key, hour) do update set
    sum = c.sum + excluded.sum, count = c.count + excluded.count,
    min = least(c.min, excluded.min), max = greatest(c.max, excluded.max), updated_at = now()
)`
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

/**
 * The answer to `claimAndApply`. The ledger's row is as it was when the statement began; all null when there was none.
 */
const answerSchema = z.object({
  claimed: z.coerce.number(),
  seq: z.coerce.number().nullable(),
  batch: z.string().nullable(),
  sealed: z.boolean().nullable(),
})

/** Decides what the ledger's answer means. The first case that matches counts; a missing row counts as seq 0. */
function readAnswer(answer: z.infer<typeof answerSchema>, batch: Pick<Batch, 'seq' | 'id'>): ApplyOutcome {
  if (answer.claimed > 0) return { kind: 'applied' }
  const seq = answer.seq ?? 0
  if (seq === batch.seq && answer.batch === batch.id) return { kind: 'applied' }
  const isSealed = answer.sealed ?? false
  const isMissing = answer.seq === null && batch.seq > 1
  if (seq === batch.seq - 1 && !isSealed && !isMissing) return { kind: 'behind' }
  const found = isMissing ? 'no row' : `seq ${seq}${isSealed ? ', sealed' : ''}`
  return { kind: 'rewound', reason: `the ledger has ${found} where this shard sends seq ${batch.seq}` }
}
