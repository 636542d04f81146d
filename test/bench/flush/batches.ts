import pg from 'pg'
import { BATCH_CELLS_MAX, FLIGHT_BYTES_MAX } from '../../../src/limits.ts'
import type { Backend } from '../../../src/local/neon/backend.ts'
import { must } from '../../../src/model/assert.ts'
import type { KeyedCell } from '../../../src/model/cell.ts'
import { Cells } from '../../../src/model/cells.ts'
import { cut } from '../../../src/model/cut.ts'
import type { Batch } from '../../../src/model/flush/batch.ts'
import { formatHour, formatHourStart, type Hour } from '../../../src/model/hour.ts'
import { ageOf, claimAndApply } from '../../../src/postgres/apply.ts'
import { startStand } from '../stand.ts'

/** Checkpoints are so far apart that none falls into one side's turn, where it would be taken for that side's work. */
export function startServer(stack: AsyncDisposableStack) {
  return startStand(stack, { checkpoint_timeout: '1h', max_wal_size: '16GB' })
}

export const keyOf = (n: number) => `site/example.com/section/page-${n}`

/** Cells as some seconds of counting leave them. */
export function makeCells(count: number): KeyedCell[] {
  return Array.from({ length: count }, (_, n) => {
    const [some, most] = [1 + (n % 7), 1 + (n % 90)]
    return [keyOf(n), { sum: BigInt(some * most), count: some, min: 1, max: most }]
  })
}

/** A writer's batches, seq by seq, cut as a shard cuts them. */
export class Batches {
  readonly #writer = crypto.randomUUID()
  #seq = 0

  next(cells: readonly KeyedCell[], hour: Hour): Batch[] {
    return cut(Cells.of(cells), { cells: BATCH_CELLS_MAX, bytes: FLIGHT_BYTES_MAX }).map((piece) => ({
      writer: this.#writer,
      seq: ++this.#seq,
      id: crypto.randomUUID(),
      shard: `${formatHour(hour)}/0`,
      hour,
      cells: piece,
      increments: piece.countIncrements(),
    }))
  }
}

const PLAIN = `
insert into sumdial.counters as c (key, hour, sum, count, min, max, updated_at)
select cell.key, $1::timestamptz, cell.sum, cell.count, cell.min, cell.max, now()
from unnest($2::text[], $3::numeric[], $4::bigint[], $5::bigint[], $6::bigint[]) as cell (key, sum, count, min, max)
on conflict (key, hour) do update set
  sum = c.sum + excluded.sum, count = c.count + excluded.count,
  min = least(c.min, excluded.min), max = greatest(c.max, excluded.max), updated_at = now()`

/** A connection of `pg` that stays open, with nothing between it and PostgreSQL. */
export type PlainClient = {
  /** Upserts the rows of a batch, and would count them twice on a retry. */
  upsert(batch: Batch): Promise<void>
  /** Sends the statement that a shard's flush is, with its claim in the ledger. @throws when it was claimed before. */
  sameStatement(batch: Batch): Promise<void>
}

export async function connectPlain(stack: AsyncDisposableStack, url: string): Promise<PlainClient> {
  const client = new pg.Client(url)
  client.on('error', () => undefined)
  await client.connect()
  stack.defer(() => client.end())
  return {
    async upsert({ hour, cells }) {
      const { keys, sums, counts, mins, maxs } = cells
      await client.query(PLAIN, [formatHourStart(hour), keys, sums, counts, mins, maxs])
    },
    async sameStatement(batch) {
      const { sql, params } = claimAndApply(batch, ageOf(batch.hour, Date.now()))
      const { rows } = await client.query<{ claimed: number }>(sql, params)
      if (must(rows[0], 'the row of a claim').claimed !== 1) throw new Error('not claimed')
    },
  }
}

/** Goes around a backend: counts its statements and the time that they take, and holds them when told. */
export class StatementTimer {
  statements = 0
  /** In `pg` and PostgreSQL, without the driver and the endpoint. */
  ms = 0
  #gate = Promise.resolve()

  readonly around = (backend: Backend): Backend => ({
    ...backend,
    query: async (statement) => {
      await this.#gate
      const beganMs = performance.now()
      try {
        return await backend.query(statement)
      } finally {
        this.statements += 1
        this.ms += performance.now() - beganMs
      }
    },
  })

  reset(): void {
    this.statements = 0
    this.ms = 0
  }

  /** Lets no statement through until the returned function is called. */
  hold(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#gate = promise
    return resolve
  }
}
