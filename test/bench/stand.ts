import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { migrate } from '../../src/local/migrate.ts'
import { startNeonEndpoint } from '../../src/local/neon/endpoint.ts'
import { pgBackend } from '../../src/local/neon/pg-backend.ts'
import { bundle } from '../support/bundled.ts'
import { createFaults, type FaultAction } from '../support/faults.ts'
import { onExit } from '../support/on-exit.ts'
import { startPostgres } from '../support/postgres.ts'
import { type Served, type ServeOptions, serve } from '../support/served.ts'

/** How Postgres is away: connections break, it answers 500, or it never answers. */
export const WAYS = ['refuse', 'answer-500', 'hang'] as const
export type Way = (typeof WAYS)[number]

/** A real PostgreSQL behind the project's endpoint, and directories for workerd's objects. */
export type Stand = {
  readonly pool: pg.Pool
  /** The Worker as it is deployed, or another, on the objects of this directory. */
  start(objects: string, more?: Started): Promise<Served>
  /** A directory for objects that goes with the stand. */
  makeObjects(): string
  /** Postgres goes away: the next statements meet these ways in turn. */
  away(ways: readonly Way[]): void
  /** It is back. A statement that hangs still hangs. */
  back(): void
}

/** `flags` of workerd. */
export type Started = Partial<Pick<ServeOptions, 'script' | 'flags' | 'isolates' | 'vars'>>

/** Longer than any run, so that a statement that hangs is not carried out late. */
const HANG_MS = 24 * 3_600_000

/** More statements than any outage sees: a shard tries every half minute or so. */
const STATEMENTS = 3_000

export async function startStand(stack: AsyncDisposableStack): Promise<Stand> {
  const postgres = await startPostgres()
  stack.defer(() => postgres.stop())
  await migrate(postgres.url)
  const pool = new pg.Pool({ connectionString: postgres.url })
  stack.defer(() => pool.end())
  const faults = createFaults()
  const endpoint = await startNeonEndpoint({ backend: pgBackend(pool), around: faults.around })
  stack.defer(() => endpoint.close())
  const script = await bundle()
  const vars = {
    DATABASE_URL: 'postgresql://sumdial:sumdial@localhost/sumdial',
    NEON_FETCH_ENDPOINT: endpoint.url,
    DEV_ACCESS: 'open',
  }
  return {
    pool,
    async start(objects, more = {}) {
      const served = await serve({ script, objects, ...more, vars: { ...vars, ...more.vars } })
      stack.defer(() => served.stop())
      return served
    },
    makeObjects: () => makeDirectory(stack),
    away(ways) {
      for (let i = 0; i < STATEMENTS; i++) faults.inject(actionOf(ways[i % ways.length] ?? 'refuse'))
    },
    back: () => faults.clear(),
  }
}

function actionOf(way: Way): FaultAction {
  return way === 'hang' ? { kind: 'delay', ms: HANG_MS } : { kind: way }
}

function makeDirectory(stack: AsyncDisposableStack): string {
  const dir = mkdtempSync(join(tmpdir(), 'sumdial-outage-'))
  const remove = () => rmSync(dir, { recursive: true, force: true, maxRetries: 5 })
  const forget = onExit(remove)
  stack.defer(() => {
    remove()
    forget()
  })
  return dir
}
