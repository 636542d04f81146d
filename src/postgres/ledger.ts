import { sql } from 'drizzle-orm'
import { z } from 'zod'
import { LEDGER_DAYS, PRUNE_ROWS, PRUNE_STEPS_MAX, STATEMENT_MS_MAX, STRAGGLERS_MAX } from '../limits.ts'
import { must } from '../model/assert.ts'
import type { Straggler } from '../model/closing.ts'
import type { Hour } from '../model/hour.ts'
import { formatHour } from '../model/hour.ts'
import type { LedgerSum } from '../model/status.ts'
import type { Postgres } from './driver/session.ts'
import { executing, reader } from './execute.ts'
import { deleteInSteps } from './retention.ts'
import { listing, PATIENT, writing } from './statement.ts'

/** Questions to the ledger, besides flushes. They reject when Postgres cannot be asked. */
export interface Ledger {
  /** The sum of each of these shards, but of those that the ledger does not know. */
  ledgerOf(shards: readonly string[]): Promise<ReadonlyMap<string, LedgerSum>>
  /** Deletes the rows of writers sealed long ago, in bounded steps. @returns how many. */
  prune(): Promise<number>
  /**
   * Shards of hours before this one that have writers which nobody has sealed, in the order of their names, which is that
   * of their hours: those after the shard `after`, all for null; at most STRAGGLERS_MAX.
   */
  stragglers(before: Hour, after: string | null): Promise<Straggler[]>
  /** Seals these writers, but those whose rows another statement has locked. @returns how many were not sealed before. */
  sealAll(writers: readonly string[]): Promise<number>
}

export function createLedger(postgres: Postgres): Ledger {
  const read = reader(postgres, STATEMENT_MS_MAX)
  return {
    async ledgerOf(shards) {
      const row = await read(
        listing(sql`select shard, sum(increments)::text as increments,
  coalesce(json_agg(writer) filter (where not sealed), '[]'::json) as open
from sumdial.ledger where shard = any(${sql.param([...shards])}::text[]) group by shard`),
      )
      return new Map(sumsSchema.parse(row).items.map(({ shard, ...sum }) => [shard, sum]))
    },

    async prune() {
      const statement = writing(sql`
delete from sumdial.ledger where writer in (
  select writer from sumdial.ledger
  where ${PATIENT} and sealed and sealed_at < now() - make_interval(days => ${LEDGER_DAYS}::int)
  order by writer limit ${PRUNE_ROWS}::int for update skip locked)`)
      const steps = { rows: PRUNE_ROWS, most: PRUNE_STEPS_MAX }
      return executing(postgres, STATEMENT_MS_MAX, async (execute) => {
        return (await deleteInSteps(steps, () => execute(statement))).deleted
      })
    },

    async stragglers(before, after) {
      const row = await read(
        listing(sql`select shard collate "C" as shard, json_agg(writer) as writers from sumdial.ledger
where not sealed and shard collate "C" < ${formatHour(before)} and shard collate "C" > ${after ?? ''}
group by 1 order by 1 limit ${STRAGGLERS_MAX}::int`),
      )
      return stragglersSchema.parse(row).items
    },

    sealAll(writers) {
      // It waits for no row, so that two sweeps never deadlock [P2]. A row that it passed over waits for the next day's.
      const statement = writing(sql`
update sumdial.ledger set sealed = true, sealed_at = coalesce(sealed_at, now()) where writer in (
  select writer from sumdial.ledger
  where ${PATIENT} and writer = any(${sql.param([...writers])}::uuid[]) and not sealed for update skip locked)`)
      return executing(postgres, STATEMENT_MS_MAX, async (execute) => {
        return must((await execute(statement)).rowCount, 'how many writers were sealed')
      })
    },
  }
}

const stragglersSchema = z.object({
  items: z.array(z.object({ shard: z.string(), writers: z.array(z.string()) })),
})

const sumsSchema = z.object({
  items: z.array(z.object({ shard: z.string(), increments: z.coerce.number(), open: z.array(z.string()) })),
})
