import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { PGlite } from '@electric-sql/pglite'
import { sql } from 'drizzle-orm'
import { readMigrationFiles } from 'drizzle-orm/migrator'
import { drizzle as drizzlePg } from 'drizzle-orm/node-postgres'
import { bigint, type PgDatabase, type PgQueryResultHKT, pgSchema, serial, text } from 'drizzle-orm/pg-core'
import { drizzle as drizzlePglite } from 'drizzle-orm/pglite'
import { z } from 'zod'
import { must } from '../model/assert.ts'
import { SCHEMA } from '../postgres/schema.ts'
import { CommandFailed, main, parseFlags, UsageError } from './cli.ts'
import { databaseUrlOf, inPostgres, withClient } from './postgres.ts'

const FOLDER = join(import.meta.dirname, '../../migrations')
const TABLE = 'migrations'

/** The table in which drizzle's own migrator would keep what it has applied, so that either can follow the other. */
const applied = pgSchema(SCHEMA).table(TABLE, {
  id: serial('id').primaryKey(),
  hash: text('hash').notNull(),
  createdAt: bigint('created_at', { mode: 'number' }),
})

/** One file of drizzle-kit's. */
type Migration = {
  /** As drizzle-kit named it: `0000_init`. */
  readonly name: string
  readonly statements: readonly string[]
  /** SHA-256 of the file. */
  readonly hash: string
  /** When it was written, in epoch ms. */
  readonly createdAt: number
}

type Database = PgDatabase<PgQueryResultHKT>

/**
 * Brings a database to the newest schema in one transaction: it applies all migrations that are missing, or changes nothing.
 * Safe to run many times, and several at a time.
 *
 * Drizzle's own migrators cannot do that: they look for what is missing before their transaction begins, so that two at once
 * would both apply it, and they end a transaction that is already under way.
 *
 * @param target a Postgres connection string, or a PGlite instance (left open).
 * @param folder drizzle-kit's output; the project's own unless a test says otherwise.
 * @returns the names of the migrations that it applied, oldest first; none when there was nothing to do.
 * @throws MigrationsDiffer before anything is applied; or what Postgres or the connection said.
 */
export async function migrate(target: string | PGlite, folder: string = FOLDER): Promise<string[]> {
  if (typeof target !== 'string') return applyMissing(drizzlePglite(target), folder)
  return withClient(target, (client) => applyMissing(drizzlePg(client), folder))
}

/** The names of the migrations that `migrate` would apply. It reads and changes nothing. @throws as `migrate` does. */
export async function missingMigrations(url: string, folder: string = FOLDER): Promise<string[]> {
  const missing = await withClient(url, (client) => findMissing(drizzlePg(client), folder))
  return missing.map(({ name }) => name)
}

/** The folder's migrations are not a continuation of those that the database has applied. Nothing was changed. */
export class MigrationsDiffer extends CommandFailed {}

async function applyMissing(db: Database, folder: string): Promise<string[]> {
  return db.transaction(async (tx) => {
    // Held until the transaction ends: a pooler may hand a later statement to another connection.
    await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended('sumdial.migrations', 0))`)
    const missing = await findMissing(tx, folder)
    if (missing.length > 0 && !(await hasTable(tx))) await createTable(tx)
    for (const { statements, hash, createdAt } of missing) {
      for (const statement of statements) await tx.execute(sql.raw(statement))
      await tx.insert(applied).values({ hash, createdAt })
    }
    return missing.map(({ name }) => name)
  })
}

async function findMissing(db: Database, folder: string): Promise<Migration[]> {
  const migrations = readFolder(folder)
  const rows = (await hasTable(db)) ? await db.select().from(applied).orderBy(applied.createdAt) : []
  refuseDifferent(
    migrations,
    rows.map(({ hash }) => hash),
  )
  return migrations.slice(rows.length)
}

async function hasTable(db: Database): Promise<boolean> {
  return (
    (await db.$count(sql`pg_catalog.pg_tables`, sql`schemaname = ${SCHEMA} and tablename = ${TABLE}`)) > 0
  )
}

async function createTable(db: Database): Promise<void> {
  await db.execute(sql`create schema if not exists ${sql.identifier(SCHEMA)}`)
  await db.execute(
    sql`create table ${applied} (id serial primary key, hash text not null, created_at bigint)`,
  )
}

const journalSchema = z.object({ entries: z.array(z.object({ tag: z.string() })) })

function readFolder(folder: string): Migration[] {
  const journal = JSON.parse(readFileSync(join(folder, 'meta/_journal.json'), 'utf8'))
  const { entries } = journalSchema.parse(journal)
  return readMigrationFiles({ migrationsFolder: folder }).map(
    ({ sql: statements, hash, folderMillis }, i) => {
      return {
        name: must(entries[i], 'the entry of a migration').tag,
        statements,
        hash,
        createdAt: folderMillis,
      }
    },
  )
}

/**
 * Migrations are append-only, and what a database has applied must be the beginning of the folder. A database may be further
 * than the folder: an older version runs on a newer schema.
 *
 * @param hashes of those that the database has applied, oldest first.
 */
function refuseDifferent(migrations: readonly Migration[], hashes: readonly string[]): void {
  const edited = migrations.find(({ hash }, i) => i < hashes.length && hashes[i] !== hash)
  // The database's order is that of the dates.
  const misdated = migrations.find(({ createdAt }, i) => createdAt <= (migrations[i - 1]?.createdAt ?? 0))
  const different = edited ?? misdated
  if (different === undefined) return
  const fault =
    edited === undefined
      ? 'is dated before the one in front of it'
      : 'is not the one that this database has applied'
  throw new MigrationsDiffer(
    `Migration ${different.name} ${fault}. Leave applied migrations as they were, and put changes into a new one ` +
      '(npx drizzle-kit generate). Nothing was changed.',
  )
}

const HELP = `Brings the schema "${SCHEMA}" of a Postgres up to date, in one transaction. It is safe to run again.

  DATABASE_URL=postgresql://user:password@host/database npm run migrate

With Neon, either connection string works: the pooled one or the direct one.
Exit codes: 0 up to date, 1 not, 2 called wrongly.`

async function run(args: readonly string[]): Promise<undefined> {
  parseFlags(args, {})
  const url = databaseUrlOf(process.env)
  if (url === undefined) throw new UsageError('DATABASE_URL is not set. Set it to the database to migrate.')
  const names = await inPostgres('migrate', url, () => migrate(url), 'Nothing was changed.')
  console.log(names.map((name) => `applied ${name}`).join('\n') || 'nothing to apply')
}

if (import.meta.main)
  process.exitCode = await main({ name: 'migrate', help: HELP, flags: {}, run }, process.argv.slice(2))
