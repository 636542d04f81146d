import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { migrate } from '../../src/local/migrate.ts'
import { startNeonEndpoint } from '../../src/local/neon-endpoint.ts'
import { pgBackend } from '../../src/local/pg-backend.ts'
import { bundle } from '../support/bundled.ts'
import { startPostgres } from '../support/postgres.ts'
import { serve } from '../support/served.ts'
import { startService } from './contenders/start-service.ts'

/** What takes part: a Worker in a workerd of its own, or a service on Node. */
export type Contender = {
  readonly name: string
  /** What it promises of what it has acknowledged. */
  readonly promise: string
  /** Where it listens; several when it has several isolates. */
  readonly urls: readonly string[]
  readonly pid: number
  /** All that it has printed. */
  readonly log: () => string
  /** Whether it keeps Sumdial's promises, so that its own audit can be asked. */
  readonly isSumdial: boolean
}

/** Connections of the endpoint to PostgreSQL: as many as Neon's proxy has by default. */
const CONNECTIONS = 20

const BENCH = 'test/bench/contenders'

/**
 * Starts all of them, each before a database of its own of one real PostgreSQL, which commits to disk: their flushes and
 * upserts are part of what is measured.
 */
export async function startContenders(stack: AsyncDisposableStack): Promise<Contender[]> {
  const postgres = await startPostgres({ fsync: 'on' })
  stack.defer(() => postgres.stop())

  const database = async () => {
    const url = await postgres.createDatabase()
    await migrate(url)
    return url
  }

  const endpoint = async () => {
    const pool = new pg.Pool({ connectionString: await database(), max: CONNECTIONS })
    stack.defer(() => pool.end())
    const { url, close } = await startNeonEndpoint({ backend: pgBackend(pool) })
    stack.defer(close)
    return url
  }

  const worker = async (script: string, more: { isolates?: number; vars?: Record<string, string> } = {}) => {
    const vars = {
      DATABASE_URL: 'postgresql://sumdial:sumdial@localhost/sumdial',
      NEON_FETCH_ENDPOINT: await endpoint(),
      DEV_ACCESS: 'open',
      ...more.vars,
    }
    const served = await serve({ script, vars, isolates: more.isolates ?? 1 })
    stack.defer(() => served.stop())
    return served
  }

  const service = async (entry: string, env: Record<string, string>) => {
    const started = await startService(`${BENCH}/${entry}`, env)
    stack.defer(() => started.stop())
    return started
  }

  const sumdial = await bundle()
  const all: Contender[] = []
  const add = (
    name: string,
    promise: string,
    { pid, log, urls }: Pick<Contender, 'pid' | 'log' | 'urls'>,
    isSumdial = false,
  ) => all.push({ name, promise, pid, log, urls, isSumdial })

  add(
    'ceiling',
    'keeps nothing: the same Worker, but its flights are answered at once',
    await worker(await bundle(`${BENCH}/ceiling-worker.ts`)),
  )
  add(
    'zod alone',
    'keeps nothing: a Worker that parses and validates with zod',
    await worker(await bundle(`${BENCH}/zod-worker.ts`)),
  )
  add(
    'upsert each',
    'durable in Postgres, counted twice on a retry',
    await worker(await bundle(`${BENCH}/upsert-worker.ts`)),
  )
  add(
    'queue',
    'lost when the process dies, and after three failures',
    await service('queue-service.ts', { DATABASE_URL: await database() }),
  )
  add(
    'one writer',
    'lost when the process dies, up to a batch',
    await service('sqlite-service.ts', { SQLITE_FILE: sqliteFile(stack) }),
  )
  add('Sumdial', 'durable, each exactly once', await worker(sumdial), true)
  add(
    'Sumdial, linger 2 ms',
    'durable, each exactly once',
    await worker(sumdial, { vars: { LINGER_MS: '2' } }),
    true,
  )
  add('Sumdial, 8 isolates', 'durable, each exactly once', await worker(sumdial, { isolates: 8 }), true)
  return all
}

function sqliteFile(stack: AsyncDisposableStack): string {
  const dir = mkdtempSync(join(tmpdir(), 'sumdial-one-writer-'))
  stack.defer(() => rmSync(dir, { recursive: true, force: true, maxRetries: 5 }))
  return join(dir, 'counters.sqlite')
}
