import pg from 'pg'
import { migrate } from '../../../src/local/migrate.ts'
import { type Backend, BackendError, type Statement } from '../../../src/local/neon/backend.ts'
import { startNeonEndpoint } from '../../../src/local/neon/endpoint.ts'
import { pgBackend } from '../../../src/local/neon/pg-backend.ts'
import { startPostgres, type TestPostgres } from '../../support/postgres.ts'
import { CONNECTIONS } from '../contenders/host.ts'

/** A statement as the endpoint has seen it. */
export type Seen = {
  /** Arrival, epoch ms. */
  readonly atMs: number
  /** From there to Postgres's answer: `pg` and Postgres, without the driver and the endpoint. */
  readonly ms: number
  /** The shard that a flush names. */
  readonly shard: string | undefined
}

/** A database of its own, and the way to it. */
export type Database = {
  readonly url: string
  readonly pool: pg.Pool
  /** Of the endpoint in front of it, as in NEON_FETCH_ENDPOINT. */
  readonly endpoint: string
  /** What the endpoint has seen, oldest first; whoever has read it may empty it. */
  readonly seen: Seen[]
  /** Lets no statement through until the answer is called. */
  hold(): () => void
  /** Whether statements are answered as by a proxy that does not reach Postgres. */
  away(isAway: boolean): void
}

/** Any: the endpoint asks for no password. */
export const DATABASE_URL = 'postgresql://sumdial:unused@localhost/sumdial'

/** It commits to disk. A checkpoint in the middle of one side's turn would be taken for that side's own work. */
const SETTINGS = { fsync: 'on', checkpoint_timeout: '1h', max_wal_size: '16GB' }

export async function startServer(stack: AsyncDisposableStack): Promise<TestPostgres> {
  const postgres = await startPostgres(SETTINGS)
  stack.defer(() => postgres.stop())
  return postgres
}

export async function makeDatabase(stack: AsyncDisposableStack, postgres: TestPostgres): Promise<Database> {
  const url = await postgres.createDatabase()
  await migrate(url)
  const pool = new pg.Pool({ connectionString: url, max: CONNECTIONS })
  stack.defer(() => pool.end())
  const seen: Seen[] = []
  let gate = Promise.resolve()
  let isAway = false
  const { query, ...rest } = pgBackend(pool)
  const backend: Backend = {
    ...rest,
    async query(statement) {
      await gate
      if (isAway) throw new BackendError('unreachable', 'away')
      const [atMs, beganMs] = [Date.now(), performance.now()]
      try {
        return await query(statement)
      } finally {
        seen.push({ atMs, ms: performance.now() - beganMs, shard: shardOf(statement) })
      }
    },
  }
  const endpoint = await startNeonEndpoint({ backend })
  stack.defer(() => endpoint.close())
  const hold = () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    gate = promise
    return resolve
  }
  const away = (is: boolean) => {
    isAway = is
  }
  return { url, pool, endpoint: endpoint.url, seen, hold, away }
}

function shardOf({ text, params }: Statement): string | undefined {
  if (!text.includes('insert into sumdial.counters')) return undefined
  return params.find((param) => param !== null && /^\d{4}-\d\d-\d\dT\d\dZ\/\d+$/.test(param)) ?? undefined
}
