import { sql } from 'drizzle-orm'
import { z } from 'zod'
import type { Clock } from '../clock.ts'
import { LEDGER_DAYS, PRUNE_ROWS, PRUNE_STEPS_MAX, STATEMENT_MS_MAX, STRAGGLERS_MAX } from '../limits.ts'
import type { Hour } from '../model/hour.ts'
import { formatHour } from '../model/hour.ts'
import type { ConnectionConfig } from './connection.ts'
import { executor } from './execute.ts'
import { deleteInSteps } from './retention.ts'

/** Questions to the ledger, besides flushes. They reject when Postgres cannot be asked. */
export interface Ledger {
  /** Increments that the ledger has for each of these shards, over all of its writers. */
  increments(shards: readonly string[]): Promise<ReadonlyMap<string, number>>
  /** Deletes the rows of writers sealed long ago, in bounded steps. @returns how many. */
  prune(): Promise<number>
  /** Shards of hours before this one whose writers nobody has sealed: the oldest first, at most STRAGGLERS_MAX. */
  stragglers(before: Hour): Promise<string[]>
}

export function createLedger(config: ConnectionConfig, clock: Clock): Ledger {
  const execute = executor(config, clock, STATEMENT_MS_MAX)
  return {
    async increments(shards) {
      const { rows } = await execute(sql`
select shard, sum(increments)::text as increments from sumdial.ledger
where shard = any(${sql.param([...shards])}::text[]) group by shard`)
      return new Map(incrementsSchema.parse(rows).map((row) => [row.shard, row.increments]))
    },

    async prune() {
      const statement = sql`
delete from sumdial.ledger where writer in (
  select writer from sumdial.ledger
  where sealed and sealed_at < now() - make_interval(days => ${LEDGER_DAYS}::int)
  order by writer limit ${PRUNE_ROWS}::int for update skip locked)`
      const steps = { rows: PRUNE_ROWS, most: PRUNE_STEPS_MAX }
      return (await deleteInSteps(steps, () => execute(statement))).deleted
    },

    async stragglers(before) {
      // Names of shards sort by their hours.
      const { rows } = await execute(sql`
select distinct shard collate "C" as shard from sumdial.ledger
where not sealed and shard collate "C" < ${formatHour(before)} order by 1 limit ${STRAGGLERS_MAX}::int`)
      return z
        .array(z.object({ shard: z.string() }))
        .parse(rows)
        .map(({ shard }) => shard)
    },
  }
}

const incrementsSchema = z.array(z.object({ shard: z.string(), increments: z.coerce.number() }))
