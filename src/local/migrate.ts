import type { PGlite } from '@electric-sql/pglite'
import { drizzle as drizzlePg } from 'drizzle-orm/node-postgres'
import { drizzle as drizzlePglite } from 'drizzle-orm/pglite'
import type pg from 'pg'
import type { BroughtUp, ExecuteSql } from '../postgres/migrate/bring-up.ts'
import { bringUp, findMissing } from '../postgres/migrate/bring-up.ts'
import type { SchemaPlan } from '../postgres/migrate/migration.ts'
import { different, tooOld } from '../postgres/migrate/words.ts'
import { SCHEMA } from '../postgres/schema.ts'
import { CommandFailed, main, parseFlags, UsageError } from './cli.ts'
import { MIGRATIONS, readMigrations } from './migrations-folder.ts'
import { databaseUrlOf, inPostgres, withClient } from './postgres.ts'

/**
 * Brings a database to the newest schema in one transaction: it applies all migrations that are missing, or changes nothing.
 * Safe to run many times, and several at a time.
 *
 * @param target a Postgres connection string, or a PGlite instance (left open).
 * @param folder drizzle-kit's output; the project's own unless a test says otherwise.
 * @returns the names of the migrations that it applied, oldest first; none when there was nothing to do.
 * @throws MigrationsDiffer before anything is applied; or what Postgres or the connection said.
 */
export async function migrate(target: string | PGlite, folder: string = MIGRATIONS): Promise<string[]> {
  const migrations = readMigrations(folder)
  const run = async (execute: ExecuteSql) => appliedOf(await bringUp(execute, migrations, 'person', sleep))
  if (typeof target === 'string') return withClient(target, (client) => run(executeOn(client)))
  const database = drizzlePglite(target)
  return run((statement) => database.execute(statement))
}

/** The names of the migrations that `migrate` would apply. It reads and changes nothing. @throws as `migrate` does. */
export async function missingMigrations(url: string, folder: string = MIGRATIONS): Promise<string[]> {
  const migrations = readMigrations(folder)
  const plan = await withClient(url, (client) => findMissing(executeOn(client), migrations))
  if (plan.kind === 'apply') return plan.missing.map(({ name }) => name)
  if (plan.kind === 'newest') return []
  throw failureOf(plan)
}

function executeOn(client: pg.Client): ExecuteSql {
  const database = drizzlePg(client)
  return (statement) => database.execute(statement)
}

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

/** The folder's migrations are not a continuation of those that the database has applied. Nothing was changed. */
export class MigrationsDiffer extends CommandFailed {}

function appliedOf(outcome: BroughtUp): string[] {
  if (outcome.kind === 'done') return [...outcome.applied]
  throw outcome.kind === 'refused' ? outcome.error : failureOf(outcome)
}

type Hindered = Exclude<BroughtUp | SchemaPlan, { kind: 'done' | 'refused' | 'newest' | 'apply' }>

function failureOf(hindered: Hindered): CommandFailed {
  switch (hindered.kind) {
    case 'different':
      return new MigrationsDiffer(
        `${different(hindered)} Leave applied migrations as they were, and put changes into a new one ` +
          '(npx drizzle-kit generate). Nothing was changed.',
      )
    case 'too_old':
      return new CommandFailed(`${tooOld(hindered.version)} Nothing was changed.`)
    case 'under_way':
    case 'by_hand':
      return new CommandFailed(
        'Somebody holds a table of Sumdial for long. Nothing was changed: run this again.',
      )
  }
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
