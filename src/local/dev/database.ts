import { existsSync } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import pg from 'pg'
import { STATEMENT_MS_MAX } from '../../limits.ts'
import { CommandFailed } from '../cli.ts'
import { migrate } from '../migrate.ts'
import type { Backend } from '../neon/backend.ts'
import { pgBackend } from '../neon/pg-backend.ts'
import { pgliteBackend } from '../neon/pglite-backend.ts'
import { connectionOptions, describeDatabase, inPostgres, reasonOf } from '../postgres.ts'

/** Enough for the flushes of several shards and some reads at once. Postgres allows 100 in all by default. */
const CONNECTIONS_MAX = 10

/** The Postgres behind the endpoint, embedded or given. Disposing of this closes the connections to Postgres. */
export interface Database extends AsyncDisposable {
  readonly backend: Backend
  /** Where the database is, without its password, so that it can be shown. */
  readonly place: string
  readonly isEmbedded: boolean
  /** @throws CommandFailed when Postgres cannot be reached, or refuses. */
  migrate(): Promise<void>
}

/**
 * @param url a connection string; undefined for the embedded Postgres, whose files are in `<state>/postgres`.
 * @throws CommandFailed when the embedded Postgres does not start.
 */
export async function openDatabase(state: string, url: string | undefined): Promise<Database> {
  return url === undefined ? openEmbedded(join(state, 'postgres')) : openGiven(url)
}

async function openEmbedded(folder: string): Promise<Database> {
  const db = await startEmbedded(folder)
  return {
    backend: pgliteBackend(db),
    place: folder,
    isEmbedded: true,
    migrate: () => migrateEmbedded(db, folder),
    [Symbol.asyncDispose]: () => db.close(),
  }
}

const NEW_STATE = 'To begin with an empty one, choose another folder with --state, or remove this one.'

async function startEmbedded(folder: string): Promise<PGlite> {
  try {
    if (!existsSync(folder)) await createEmbedded(folder)
    return await PGlite.create(folder)
  } catch (error) {
    throw new CommandFailed(
      `The embedded Postgres in ${folder} does not start: ${reasonOf(error)}\n${NEW_STATE}`,
    )
  }
}

/** Created under another name, because a kill in these seconds would leave a database that never starts. */
async function createEmbedded(folder: string): Promise<void> {
  const unfinished = `${folder}.unfinished`
  await rm(unfinished, { recursive: true, force: true })
  const db = await PGlite.create(unfinished)
  await db.close()
  await rename(unfinished, folder)
}

function openGiven(url: string): Database {
  const pool = new pg.Pool({
    ...connectionOptions(url),
    max: CONNECTIONS_MAX,
    // Whoever asked has given up by then, while the connection would take the place of one that works.
    connectionTimeoutMillis: STATEMENT_MS_MAX,
  })
  const place = describeDatabase(url)
  return {
    backend: pgBackend(pool),
    place,
    isEmbedded: false,
    migrate: async () => {
      await inPostgres('migrate', url, () => migrate(url))
    },
    [Symbol.asyncDispose]: () => pool.end(),
  }
}

async function migrateEmbedded(db: PGlite, folder: string): Promise<void> {
  try {
    await migrate(db)
  } catch (error) {
    throw new CommandFailed(
      `Could not migrate the embedded Postgres in ${folder}: ${reasonOf(error)}\n${NEW_STATE}`,
    )
  }
}
