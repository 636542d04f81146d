import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import { expect, vi } from 'vitest'
import { withClient } from '../../src/local/postgres.ts'
import type { SentIncrements } from './load.ts'

/** All that Postgres has: count and sum by key, and the increments that the ledger says were applied. */
export interface Stored {
  readonly rows: ReadonlyMap<string, { readonly count: number; readonly sum: number }>
  readonly ledgerIncrements: number
}

/** Over the hours: a run may cross the turn of one. */
const ROWS = 'select key, sum(count)::int as count, sum(sum)::int as sum from sumdial.counters group by key'
const LEDGER = 'select coalesce(sum(increments), 0)::int as increments from sumdial.ledger'

type Row = { key: string; count: number; sum: number }

/** Reads a PostgreSQL server. */
export async function readServer(url: string): Promise<Stored> {
  return withClient(url, async (client) => {
    const { rows } = await client.query<Row>(ROWS)
    return toStored(rows, (await client.query(LEDGER)).rows[0]?.increments)
  })
}

/** Reads the embedded Postgres of a state folder, which nobody may have open. */
export async function readEmbedded(state: string): Promise<Stored> {
  const db = await PGlite.create(join(state, 'postgres'))
  try {
    const { rows } = await db.query<Row>(ROWS)
    return toStored(rows, (await db.query<{ increments: number }>(LEDGER)).rows[0]?.increments)
  } finally {
    await db.close()
  }
}

function toStored(rows: readonly Row[], ledgerIncrements = 0): Stored {
  return { rows: new Map(rows.map(({ key, count, sum }) => [key, { count, sum }])), ledgerIncrements }
}

/** Resolves when the shards of the recent hours hold nothing that Postgres may not have. */
export async function untilSettled(url: string): Promise<void> {
  await vi.waitFor(
    async () => {
      const status = await (await fetch(`${url}/status`)).json()
      expect(status).toMatchObject({ pending: 0, lagMs: 0, isConserved: true })
    },
    { timeout: 60_000, interval: 100 },
  )
}

/** Every acknowledged increment exactly once, every other one at most once, and nothing that nobody sent. */
export function expectExact(
  { acknowledged, unknown }: SentIncrements,
  { rows, ledgerIncrements }: Stored,
): void {
  const keys = [...rows.keys()]
  const lost = [...acknowledged].filter((key) => !rows.has(key))
  const notOnce = keys.filter((key) => rows.get(key)?.count !== 1 || rows.get(key)?.sum !== 1)
  const neverSent = keys.filter((key) => !acknowledged.has(key) && !unknown.has(key))
  expect({ lost: firstOf(lost), notOnce: firstOf(notOnce), neverSent: firstOf(neverSent) }).toEqual({
    lost: [],
    notOnce: [],
    neverSent: [],
  })
  expect(ledgerIncrements).toBe(rows.size)
}

/** A failure names thousands of keys where one would do. */
function firstOf(keys: readonly string[]): string[] {
  return keys.length > 10 ? [...keys.slice(0, 10), `and ${keys.length - 10} more`] : [...keys]
}
