import { eq, like, or, sql } from 'drizzle-orm'
import { drizzle, type NodePgDatabase } from 'drizzle-orm/node-postgres'
import { SEEN_PREFIX, seenSchema } from '../../model/deployed/seen.ts'
import type { Hour } from '../../model/hour.ts'
import { parseShardName } from '../../model/shard-name.ts'
import { ledger, SCHEMA, settings } from '../../postgres/schema.ts'
import { CommandFailed } from '../cli.ts'
import { withClient } from '../postgres.ts'
import { type DeployRecord, encodeRecord, NOTHING_DEPLOYED, recordSchema } from './record.ts'

/** The records of deploys in Postgres. Each call has a connection of its own, because minutes lie between them. */
export interface Records {
  /** Only reads. The database may have no schema yet. */
  read(): Promise<Remembered>
  /** Replaces the record, or leaves it as it is when `decide` throws. Of two at a time, the second waits. */
  change(decide: (remembered: Remembered) => DeployRecord): Promise<void>
}

export type Remembered = {
  readonly record: DeployRecord
  /** The time by Postgres's clock, which is more often right than a laptop's. */
  readonly nowMs: number
  /** Hours with a writer that is not sealed. */
  readonly unsealed: readonly Hour[]
  /** Other Workers that have deployed with this database. */
  readonly others: readonly string[]
}

const PREFIX = 'deploys:'

/** @param worker the name of the Worker. Staging and production may share a database, but not a record. */
export function createRecords(url: string, worker: string): Records {
  const name = `${PREFIX}${worker}`
  return {
    read: () => transaction(url, { accessMode: 'read only' }, (tx) => readRecord(tx, name)),
    change: (decide) =>
      transaction(url, {}, async (tx) => {
        await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended('sumdial.deploys', 0))`)
        await writeRecord(tx, name, decide(await readRecord(tx, name)))
      }),
  }
}

type Transaction = Pick<NodePgDatabase, 'execute' | 'select' | 'selectDistinct' | 'insert'>

function transaction<T>(
  url: string,
  config: { accessMode?: 'read only' },
  run: (tx: Transaction) => Promise<T>,
): Promise<T> {
  return withClient(url, (client) => drizzle(client).transaction(run, config))
}

async function readRecord(tx: Transaction, name: string): Promise<Remembered> {
  const { rows } = await tx.execute<{ now_ms: string; there: string | null }>(sql`
select floor(extract(epoch from clock_timestamp()) * 1000)::text as now_ms, to_regclass(${`${SCHEMA}.settings`}) as there`)
  const nowMs = Number(rows[0]?.now_ms)
  if (rows[0]?.there == null) return { record: NOTHING_DEPLOYED, nowMs, unsealed: [], others: [] }
  const found = await tx
    .select()
    .from(settings)
    .where(or(like(settings.name, `${PREFIX}%`), like(settings.name, `${SEEN_PREFIX}%`)))
    .orderBy(settings.name)
  const own = found.find((row) => row.name === name)
  const others = found.flatMap((row) =>
    row.name === name || !row.name.startsWith(PREFIX) ? [] : [row.name.slice(PREFIX.length)],
  )
  const record = own === undefined ? recordOfCron(found) : parseRecord(own.value, name)
  return { record, nowMs, unsealed: await readUnsealed(tx), others }
}

/**
 * The record of a Worker that no `npm run deploy` has deployed, from what its cron has seen run. The cron does not know the
 * Worker's name, so it counts only when there is no other Worker.
 */
function recordOfCron(found: readonly { readonly name: string; readonly value: unknown }[]): DeployRecord {
  const [row, ...more] = found
  if (row === undefined || more.length > 0 || !row.name.startsWith(SEEN_PREFIX)) return NOTHING_DEPLOYED
  const seen = seenSchema.safeParse(row.value)
  if (!seen.success) return NOTHING_DEPLOYED
  const { schedules, atMs } = seen.data
  return { live: { id: 'seen', schedules, beganMs: atMs }, unconfirmed: [] }
}

async function readUnsealed(tx: Transaction): Promise<Hour[]> {
  const rows = await tx.selectDistinct({ shard: ledger.shard }).from(ledger).where(eq(ledger.sealed, false))
  return rows.flatMap(({ shard }) => parseShardName(shard)?.hour ?? [])
}

function parseRecord(value: unknown, name: string): DeployRecord {
  const parsed = recordSchema.safeParse(value)
  if (parsed.success) return parsed.data
  throw new CommandFailed(
    `Could not read the row ${name} of ${SCHEMA}.settings: ${parsed.error.issues[0]?.message}. If a newer version of ` +
      'Sumdial has written it, deploy with that version; otherwise repair the row. Nothing was changed.',
  )
}

async function writeRecord(tx: Transaction, name: string, record: DeployRecord): Promise<void> {
  const value = encodeRecord(record)
  await tx
    .insert(settings)
    .values({ name, value })
    .onConflictDoUpdate({ target: settings.name, set: { value, recordedAt: sql`now()` } })
}
