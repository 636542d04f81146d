import { PgDialect } from 'drizzle-orm/pg-core'
import pg from 'pg'
import type { Batch } from '../../../src/model/batch.ts'
import { formatHourStart } from '../../../src/model/hour.ts'
import { claimAndApply } from '../../../src/postgres/sink.ts'

const PLAIN = `
insert into sumdial.counters as c (key, hour, sum, count, min, max, updated_at)
select cell.key, $1::timestamptz, cell.sum, cell.count, cell.min, cell.max, now()
from unnest($2::text[], $3::numeric[], $4::bigint[], $5::bigint[], $6::bigint[]) as cell (key, sum, count, min, max)
on conflict (key, hour) do update set
  sum = c.sum + excluded.sum, count = c.count + excluded.count,
  min = least(c.min, excluded.min), max = greatest(c.max, excluded.max), updated_at = now()`

export type PlainClient = {
  /** Upserts the rows of a batch: counted twice on a retry, and nothing is known of it. */
  upsert(batch: Batch): Promise<void>
  /** The statement that a shard's flush is, its claim in the ledger included. @throws when it was claimed before. */
  sameStatement(batch: Batch): Promise<void>
}

/** What has nothing between itself and PostgreSQL: a connection of `pg` that stays open. */
export async function connectPlain(stack: AsyncDisposableStack, url: string): Promise<PlainClient> {
  const client = new pg.Client(url)
  await client.connect()
  stack.defer(() => client.end())
  const dialect = new PgDialect()
  return {
    async upsert({ hour, cells }) {
      const { keys, sums, counts, mins, maxs } = cells
      await client.query(PLAIN, [formatHourStart(hour), keys, sums, counts, mins, maxs])
    },
    async sameStatement(batch) {
      const { sql, params } = dialect.sqlToQuery(claimAndApply(batch))
      const { rows } = await client.query<{ claimed: number }>(sql, params)
      if (rows[0]?.claimed !== 1) throw new Error(`not claimed: ${JSON.stringify(rows)}`)
    },
  }
}
