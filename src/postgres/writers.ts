import { sql } from 'drizzle-orm'
import { z } from 'zod'
import { STATEMENT_MS_MAX } from '../limits.ts'
import type { Postgres } from './driver/session.ts'
import { reader } from './execute.ts'
import { listing } from './statement.ts'

/** A writer's row in the ledger: its last batch, and the increments of all of its batches. */
export type WriterRow = { readonly seq: number; readonly batch: string; readonly increments: number }

export type ReadWriters = (writers: readonly string[]) => Promise<ReadonlyMap<string, WriterRow>>

/** @returns a function that reads the rows of those writers that have applied something. It rejects when Postgres cannot be asked. */
export function createWriters(postgres: Postgres): ReadWriters {
  const read = reader(postgres, STATEMENT_MS_MAX)
  return async (writers) => {
    const row = await read(
      listing(sql`select writer, seq::text as seq, batch, increments::text as increments
from sumdial.ledger where writer = any(${sql.param([...writers])}::uuid[]) and seq > 0 and batch is not null`),
    )
    return new Map(rowsSchema.parse(row).items.map(({ writer, ...rest }) => [writer, rest]))
  }
}

const rowsSchema = z.object({
  items: z.array(
    z.object({
      writer: z.string(),
      seq: z.coerce.number(),
      batch: z.string(),
      increments: z.coerce.number(),
    }),
  ),
})
