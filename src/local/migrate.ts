import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { PGlite } from '@electric-sql/pglite'
import { sql } from 'drizzle-orm'
import { readMigrationFiles } from 'drizzle-orm/migrator'
import { drizzle as drizzlePg } from 'drizzle-orm/node-postgres'
import type { PgDatabase, PgQueryResultHKT } from 'drizzle-orm/pg-core'
import { drizzle as drizzlePglite } from 'drizzle-orm/pglite'
import { SCHEMA } from '../postgres/schema.ts'
import { CommandFailed, main, parseFlags, UsageError } from './cli.ts'
import { databaseUrlOf } from './database-url.ts'
import { causeOf, explainFailure } from './postgres-failure.ts'
import { withClient } from './with-client.ts'

const TABLE = 'migrations'
const FOLDER = join(import.meta.dirname, '../../migrations')

/**
 * Brings a database to the newest schema, in one transaction: all of the missing migrations are applied, or
 * nothing has changed. Safe to run many times, and several at a time.
 *
 * @param target a Postgres connection string, or a PGlite instance (left open).
 * @param folder drizzle-kit's output; the project's own unless a test says otherwise.
 * @returns the names of the migrations that it applied, oldest first; none when there was nothing to do.
 * @throws what Postgres or the connection said; or MigrationsDiffer, before anything is applied.
 */
export async function migrate(target: string | PGlite, folder: string = FOLDER): Promise<string[]> {
  if (typeof target !== 'string') return applyMissing(drizzlePglite(target), folder)
  return withClient(target, (client) => applyMissing(drizzlePg(client), folder))
}

/**
 * The names of the migrations that `migrate` would apply. It reads and changes nothing.
 *
 * @throws as `migrate` does.
 */
export async function missingMigrations(url: string, folder: string = FOLDER): Promise<string[]> {
  return withClient(url, async (client) => {
    const applied = await readApplied(drizzlePg(client))
    const names = readNames(folder)
    refuseDifferent(readMigrationFiles({ migrationsFolder: folder }), names, applied)
    return names.slice(applied.length)
  })
}

/** The folder's migrations are not a continuation of those that the database has applied. */
export class MigrationsDiffer extends Error {
  override readonly name = 'MigrationsDiffer'
}

/** What drizzle's own migrators are made of (drizzle-orm 0.45, `node-postgres/migrator` and `pglite/migrator`). */
type Database = PgDatabase<PgQueryResultHKT>
type Migration = ReturnType<typeof readMigrationFiles>[number]
interface Migrator {
  migrate(
    migrations: Migration[],
    session: Database['_']['session'],
    config: { migrationsFolder: string; migrationsSchema: string; migrationsTable: string },
  ): Promise<void>
}

/**
 * Drizzle's migrator applies the migrations in a transaction, but makes the schema and its own table before it,
 * and looks up what is missing before it too, so that two at once would both apply it. Hence a transaction
 * around all of it, with a lock for its duration (held by transaction: a pooled connection may be another one
 * after it); drizzle's own becomes a savepoint in it.
 */
async function applyMissing(db: Database, folder: string): Promise<string[]> {
  const migrations = readMigrationFiles({ migrationsFolder: folder })
  const names = readNames(folder)
  return db.transaction(async (tx) => {
    await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended('sumdial.migrations', 0))`)
    const applied = await readApplied(tx)
    refuseDifferent(migrations, names, applied)
    const session = Object.create(tx._.session, {
      transaction: { value: (run: Parameters<typeof tx.transaction>[0]) => tx.transaction(run) },
    })
    const { dialect } = tx as unknown as { dialect: Migrator }
    const config = { migrationsFolder: folder, migrationsSchema: SCHEMA, migrationsTable: TABLE }
    await dialect.migrate(migrations, session, config)
    return names.slice(applied.length)
  })
}

/** By migration in their order, the names that drizzle-kit gave them: `0000_init`. */
function readNames(folder: string): string[] {
  const journal: { entries: { tag: string }[] } = JSON.parse(
    readFileSync(join(folder, 'meta/_journal.json'), 'utf8'),
  )
  return journal.entries.map(({ tag }) => tag)
}

/** The SHA-256 of each migration that has been applied, oldest first. */
async function readApplied(db: Database): Promise<string[]> {
  const table = `${SCHEMA}.${TABLE}`
  const [found] = rowsOf(await db.execute(sql`select to_regclass(${table}) as name`))
  if (found?.name == null) return []
  return rowsOf(await db.execute(sql`select hash as name from ${sql.raw(table)} order by created_at`)).map(
    ({ name }) => String(name),
  )
}

/** Both drivers answer `rows`; their common type does not say so. */
function rowsOf(result: unknown): { name: unknown }[] {
  return (result as { rows: { name: unknown }[] }).rows
}

/**
 * Migrations are append-only. Drizzle compares dates alone: it would pass over one that was edited after it was
 * applied, and one that was put behind another of a later date. That the database is further than the folder is
 * no fault: an older version runs on a newer schema.
 */
function refuseDifferent(
  migrations: readonly Migration[],
  names: readonly string[],
  applied: readonly string[],
) {
  const edited = migrations.findIndex(({ hash }, i) => i < applied.length && applied[i] !== hash)
  const misdated = migrations.findIndex(
    ({ folderMillis }, i) => folderMillis <= (migrations[i - 1]?.folderMillis ?? 0),
  )
  const different = edited < 0 ? misdated : edited
  if (different < 0) return
  const fault =
    edited < 0 ? 'is dated before the one in front of it' : 'is not the one that this database has applied'
  throw new MigrationsDiffer(
    `Migration ${names[different]} ${fault}. Migrations are append-only: leave what was applied as it was, and ` +
      'put changes into a new one (npx drizzle-kit generate). Nothing was changed.',
  )
}

const HELP = `Usage: DATABASE_URL=postgresql://user:password@host/database npm run migrate

Brings the schema "${SCHEMA}" of that database up to date, in one transaction. Safe to run again.
With Neon either connection string will do, the pooled or the direct one.`

/** Prints the names of the migrations that it applied. @throws UsageError, CommandFailed */
async function run(args: readonly string[]): Promise<undefined> {
  parseFlags(args, {})
  const url = databaseUrlOf(process.env)
  if (url === undefined)
    throw new UsageError('DATABASE_URL is not set. Set it to the database that is to be migrated.')
  try {
    const applied = await migrate(url)
    console.log(applied.map((name) => `applied ${name}`).join('\n') || 'nothing to apply')
  } catch (error) {
    throw new CommandFailed(explain(error, url), { cause: error })
  }
}

function explain(error: unknown, url: string): string {
  const cause = causeOf(error)
  return cause instanceof MigrationsDiffer
    ? cause.message
    : explainFailure('migrate', error, url, 'Nothing was changed.')
}

if (import.meta.main)
  process.exitCode = await main({ name: 'migrate', help: HELP, run }, process.argv.slice(2))
