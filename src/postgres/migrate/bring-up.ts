import { type SQL, sql } from 'drizzle-orm'
import { z } from 'zod'
import { MIGRATE_TRIES_MAX, MIGRATE_WAIT_MS, POSTGRES_VERSION_MIN } from '../../limits.ts'
import { must } from '../../model/assert.ts'
import { SCHEMA } from '../schema.ts'
import type { Migration, Migrator, SchemaPlan } from './migration.ts'
import { planSchema } from './migration.ts'
import { migrationScript, OVERTAKEN, TABLE, UNDER_WAY } from './script.ts'

/** Runs a statement. Drizzle's `execute` is one, over each driver. Rejects with what the driver says. */
export type ExecuteSql = (statement: SQL) => PromiseLike<{ readonly rows: readonly unknown[] }>

/** A database as it was found. */
export type DatabaseState = {
  /** As Postgres prints its version: `18.4`. */
  readonly version: string
  readonly isTooOld: boolean
  readonly user: string
  readonly database: string
  readonly hasSchema: boolean
  /** Whether anything was ever migrated here. */
  readonly hasTable: boolean
}

export type BroughtUp =
  /** The database has all that it needs; `applied` are the names of what this call applied. */
  | { readonly kind: 'done'; readonly applied: readonly string[]; readonly found: DatabaseState }
  | Extract<SchemaPlan, { kind: 'by_hand' | 'different' }>
  | { readonly kind: 'too_old'; readonly version: string }
  /** Somebody else migrates at this moment, or holds a table for long. */
  | { readonly kind: 'under_way' }
  /** Postgres refused, and changed nothing. */
  | {
      readonly kind: 'refused'
      readonly code: string
      readonly found: DatabaseState
      readonly error: unknown
    }

/** A table, column, schema or its row is there already. */
const EXISTS = new Set(['42P06', '42P07', '42701', '42710', '23505'])

/** Somebody holds a table for longer than a Worker waits. */
const LOCKED = '55P03'

/** A table or schema is not there. */
const ABSENT = new Set(['42P01', '3F000'])

/**
 * Applies the migrations that a database lacks, as far as this migrator may, in one transaction. It is safe to run many times,
 * and several at a time.
 *
 * Drizzle's own migrators look for what is missing before their transaction begins, so that two at once would both apply the same.
 *
 * @param sleep waits so many ms before a Worker looks whether another has finished.
 * @returns the outcome. Rejects when the connection fails, and then nobody knows.
 */
export async function bringUp(
  execute: ExecuteSql,
  migrations: readonly Migration[],
  by: Migrator,
  sleep: (ms: number) => Promise<void>,
): Promise<BroughtUp> {
  const found = await look(execute)
  if (found.isTooOld) return { kind: 'too_old', version: found.version }
  const names: string[] = []
  for (let tries = 1; ; tries++) {
    try {
      const applied = await readApplied(execute)
      const plan = planSchema(migrations, applied, by)
      if (plan.kind === 'newest') return { kind: 'done', applied: names, found }
      if (plan.kind !== 'apply') return names.length === 0 ? plan : { kind: 'done', applied: names, found }
      await execute(sql.raw(migrationScript(applied, plan.missing, by)))
      names.push(...plan.missing.map(({ name }) => name))
    } catch (error) {
      const code = sqlStateOf(error)
      if (code === undefined) throw error
      if (code === LOCKED) return { kind: 'under_way' }
      if (code === UNDER_WAY || code === OVERTAKEN) {
        if (tries >= MIGRATE_TRIES_MAX) return { kind: 'under_way' }
        if (code === UNDER_WAY) await sleep(MIGRATE_WAIT_MS)
      } else if (!EXISTS.has(code) || tries > 1) {
        return { kind: 'refused', code, found, error }
      }
    }
  }
}

/** The names of what `bringUp` would apply. It reads and changes nothing. */
export async function findMissing(execute: ExecuteSql, migrations: readonly Migration[]) {
  const found = await look(execute)
  if (found.isTooOld) return { kind: 'too_old', version: found.version } as const
  return planSchema(migrations, await readApplied(execute), 'person')
}

/** Like every read it calls a volatile function, so that Hyperdrive never answers it from a cache. [P4] */
async function look(execute: ExecuteSql): Promise<DatabaseState> {
  const { rows } = await execute(sql`
select clock_timestamp(), current_setting('server_version_num')::int as number, current_setting('server_version') as version,
  current_user::text as user, current_database()::text as database,
  exists (select from pg_catalog.pg_namespace where nspname = ${SCHEMA}) as has_schema,
  exists (select from pg_catalog.pg_tables where schemaname = ${SCHEMA} and tablename = ${TABLE}) as has_table`)
  const { number, has_schema, has_table, ...found } = must(foundSchema.parse(rows)[0], 'one row')
  const isTooOld = number < POSTGRES_VERSION_MIN * 10_000
  return { ...found, isTooOld, hasSchema: has_schema, hasTable: has_table }
}

const foundSchema = z.array(
  z.object({
    number: z.coerce.number(),
    version: z.string(),
    user: z.string(),
    database: z.string(),
    has_schema: z.boolean(),
    has_table: z.boolean(),
  }),
)

/** The hashes of what the database has applied, oldest first. */
async function readApplied(execute: ExecuteSql): Promise<string[]> {
  try {
    const { rows } = await execute(
      sql.raw(`select hash, clock_timestamp() from ${SCHEMA}.${TABLE} order by created_at`),
    )
    return z
      .array(z.object({ hash: z.string() }))
      .parse(rows)
      .map(({ hash }) => hash)
  } catch (error) {
    if (ABSENT.has(sqlStateOf(error) ?? '')) return []
    throw error
  }
}

/**
 * The SQLSTATE of a refusal by the server, over any driver. A broken socket has a code too, but no severity; and where the
 * connection or the server went away, nobody knows what was done.
 */
function sqlStateOf(error: unknown): string | undefined {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error
  if (!(cause instanceof Error && 'severity' in cause && 'code' in cause)) return undefined
  const { code, severity } = cause
  return typeof code === 'string' && severity !== undefined && /^(?!08|57P)./.test(code) ? code : undefined
}
