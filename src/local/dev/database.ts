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
import type { DatabaseChoice } from './options.ts'

/** Enough for the flushes of several shards and some reads at once. Postgres allows 100 in all by default. */
const CONNECTIONS_MAX = 10

/** A Postgres, embedded or given. Disposing of this closes the connections to it. */
export interface DevDatabase extends AsyncDisposable {
  /** Runs the endpoint's statements; undefined when the Worker itself connects. */
  readonly backend: Backend | undefined
  /** Where the database is, without its password, so that it can be shown. */
  readonly place: string
  readonly isEmbedded: boolean
  /** @throws CommandFailed when Postgres cannot be reached, or refuses. */
  migrate(): Promise<void>
}

/**
 * Opens the embedded Postgres, whose files are in `<state>/postgres`, or the one that was given.
 *
 * @throws CommandFailed when the embedded Postgres does not start.
 */
export async function openDatabase(state: string, choice: DatabaseChoice): Promise<DevDatabase> {
  switch (choice.kind) {
    case 'embedded':
      return openEmbedded(join(state, 'postgres'))
    case 'endpoint':
      return openBehindEndpoint(choice.url)
    case 'direct':
      return { ...given(choice.url), backend: undefined, [Symbol.asyncDispose]: async () => undefined }
  }
}

async function openEmbedded(folder: string): Promise<DevDatabase> {
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

function given(url: string): Pick<DevDatabase, 'place' | 'isEmbedded' | 'migrate'> {
  return {
    place: describeDatabase(url),
    isEmbedded: false,
    migrate: async () => {
      await inPostgres('migrate', url, () => migrate(url))
    },
  }
}

function openBehindEndpoint(url: string): DevDatabase {
  const pool = new pg.Pool({
    ...connectionOptions(url),
    max: CONNECTIONS_MAX,
    // Whoever asked has given up by then, while the connection would take the place of one that works.
    connectionTimeoutMillis: STATEMENT_MS_MAX,
  })
  return {
    ...given(url),
    backend: pgBackend(pool),
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
