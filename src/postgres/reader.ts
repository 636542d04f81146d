import { sql } from 'drizzle-orm'
import { z } from 'zod'
import { must } from '../model/assert.ts'
import type { Cell } from '../model/cell.ts'
import type { Hour } from '../model/hour.ts'
import { formatHourStart } from '../model/hour.ts'
import type {
  CommittedCounter,
  CommittedRead,
  LedgerRow,
  ReadCommitted,
  ReadKind,
  ReadSeries,
  RowsQuery,
} from '../model/read.ts'
import { type Reach, reachOf } from '../model/rollups/reach.ts'
import type { Postgres } from './driver/session.ts'
import type { Ask } from './execute.ts'
import { inRanges } from './key-ranges.ts'
import { COUNTERS, type Statements, statements, statementsOfKeys } from './read-sql.ts'
import { rowNamed, WHOLE } from './readable.ts'
import { reaching } from './rollups/reaching.ts'
import { coarseSchema } from './rollups/segments.ts'
import { orTooSlow, type ReadTimes, SHARED } from './too-slow.ts'

/** A key as Postgres answers it: the n-th value of each column belongs to the n-th bucket that has anything. */
type CounterRow = {
  readonly key: string
  /** Bucket numbers, from 1. */
  readonly buckets: readonly number[]
  readonly sums: readonly string[]
  readonly counts: readonly number[]
  readonly mins: readonly number[]
  readonly maxs: readonly number[]
  readonly updated_ms: number
}

/** Checks a row by hand, because zod took longer than everything else that is done with an answer. */
function isCounterRow(value: unknown): value is CounterRow {
  if (typeof value !== 'object' || value === null) return false
  const row: { readonly [Name in keyof CounterRow]?: unknown } = value
  const { key, buckets, sums, counts, mins, maxs, updated_ms } = row
  return (
    typeof key === 'string' &&
    typeof updated_ms === 'number' &&
    [buckets, counts, mins, maxs].every((column) => isColumn(column, Number.isSafeInteger)) &&
    isColumn(sums, isWhole)
  )
}

function isColumn(value: unknown, isGood: (item: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every(isGood)
}

function isWhole(item: unknown): boolean {
  return typeof item === 'string' && WHOLE.test(item)
}

const ledgerSchema = z.object({ writer: z.string(), seq: z.coerce.number(), sealed: z.boolean() })

const answerSchema = z.object({
  counters: z.array(z.custom<CounterRow>(isCounterRow)),
  ledger: z.array(ledgerSchema),
  coarse: coarseSchema,
})

/** One bucket of a key where rows may be unreadable: null when none is readable, and the name of one that is not. */
const carefulBucketSchema = z.object({
  key: z.string(),
  bucket: z.int(),
  sum: z.string().regex(WHOLE).transform(BigInt).nullable(),
  count: z.int().nullable(),
  min: z.int().nullable(),
  max: z.int().nullable(),
  updated_ms: z.number().nullable(),
  unreadable: z.string().transform(rowNamed).nullable(),
})

const carefulAnswerSchema = z.object({
  buckets: z.array(carefulBucketSchema),
  ledger: z.array(ledgerSchema),
  coarse: coarseSchema,
})

/** Reads keys and the ledger in one statement, so that both are of the same instant. */
export function createReader(postgres: Postgres, times = SHARED): ReadCommitted {
  const read = rowsReader(postgres, 'keys', times)
  return (query) => read(query, (reach) => statementsOfKeys(reach, query.gap), { keys: query.keys })
}

/** Reads all keys in some ranges added up, under the name that the query gives. */
export function createSeriesReader(postgres: Postgres, times = SHARED): ReadSeries {
  const read = rowsReader(postgres, 'prefix', times)
  return (query) => {
    const where = inRanges(query.ranges)
    const name = sql`${query.name}::text`
    return read(query, (reach) => statements(reach, name, [COUNTERS], where, query.gap))
  }
}

/** @returns a function that reads rows by bucket, with statements that `statements` has made, and their placeholders' values. */
export function rowsReader(postgres: Postgres, kind: ReadKind, times: ReadTimes) {
  return async (
    { buckets, to, writers }: RowsQuery,
    statementsFor: (reach: Reach) => Statements,
    more: object = {},
  ): Promise<CommittedRead> => {
    const [from, end] = [formatHourStart(buckets[0] ?? to), formatHourStart(to)]
    // A list of numbers as text, because the driver would write each number in quotes.
    const bounds = `{${buckets.join()}}`
    const values = { bounds, from, to: end, writers, ...more }
    const answered = async (reach: Reach, read: Ask): Promise<CommittedRead> => {
      const { usual, careful } = statementsFor(reach)
      const answer = answerSchema.safeParse(await read(usual, values))
      if (!answer.success) return readCarefully(buckets, await read(careful(), values))
      const { counters, ledger, coarse } = answer.data
      return {
        counters: new Map(counters.map((counter) => [counter.key, counterOf(counter, buckets)])),
        ledger: ledgerOf(ledger),
        unreadable: [],
        coarse,
      }
    }
    const reach = reachOf(buckets, to, postgres.clock.now())
    return await orTooSlow(postgres, times, kind, (read) => reaching(reach, (found) => answered(found, read)))
  }
}

function ledgerOf(rows: readonly z.infer<typeof ledgerSchema>[]): Map<string, LedgerRow> {
  return new Map(rows.map((row) => [row.writer, row]))
}

function readCarefully(hours: readonly Hour[], answer: unknown): CommittedRead {
  const { buckets, ledger, coarse } = carefulAnswerSchema.parse(answer)
  const byKey = Map.groupBy(buckets, ({ key }) => key)
  return {
    counters: new Map(Array.from(byKey, ([key, own]) => [key, carefulCounterOf(own, hours)])),
    ledger: ledgerOf(ledger),
    unreadable: buckets.flatMap(({ unreadable }) => unreadable ?? []),
    coarse,
  }
}

function carefulCounterOf(
  buckets: readonly z.infer<typeof carefulBucketSchema>[],
  hours: readonly Hour[],
): CommittedCounter {
  const cells = buckets.flatMap(({ bucket, sum, count, min, max }): [Hour, Cell][] => {
    if (sum === null || count === null || min === null || max === null) return []
    return [[must(hours[bucket - 1], 'the hour of a bucket'), { sum, count, min, max }]]
  })
  const flushes = buckets.flatMap(({ updated_ms }) => updated_ms ?? [])
  return { cells: new Map(cells), lastFlushMs: flushes.length === 0 ? null : Math.max(...flushes) }
}

function counterOf(counter: CounterRow, hours: readonly Hour[]): CommittedCounter {
  const { buckets, sums, counts, mins, maxs, updated_ms: lastFlushMs } = counter
  const cells = new Map<Hour, Cell>()
  for (const [i, bucket] of buckets.entries()) {
    cells.set(must(hours[bucket - 1], 'the hour of a bucket'), {
      sum: BigInt(must(sums[i], 'a sum')),
      count: must(counts[i], 'a count'),
      min: must(mins[i], 'a min'),
      max: must(maxs[i], 'a max'),
    })
  }
  return { cells, lastFlushMs }
}
