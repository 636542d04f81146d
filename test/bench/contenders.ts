import { PGlite } from '@electric-sql/pglite'
import { migrate } from '../../src/local/migrate.ts'
import { startNeonEndpoint } from '../../src/local/neon-endpoint.ts'
import { pgliteBackend } from '../../src/local/pglite-backend.ts'
import { bundle } from '../support/bundled.ts'
import { type Served, serve } from '../support/served.ts'

/** A Worker that takes part, in a workerd of its own. */
export type Contender = { readonly name: string; readonly served: Served; readonly isValidateOnly: boolean }

export type Contenders = {
  /** The first only validates; the others are Sumdial as it is deployed. */
  readonly all: readonly Contender[]
  stop(): Promise<void>
}

const VARIANTS = [
  { shards: 1, lingerMs: 0 },
  { shards: 1, lingerMs: 2 },
  { shards: 4, lingerMs: 0 },
  { shards: 4, lingerMs: 2 },
]

/** Starts all of them before one database: the flushes every 5 s are part of what is measured. */
export async function startContenders(): Promise<Contenders> {
  const database = await PGlite.create()
  await migrate(database)
  const endpoint = await startNeonEndpoint({ backend: pgliteBackend(database) })
  const all: Contender[] = []
  const start = async (name: string, script: string, vars: Record<string, string>) => {
    const served = await serve({ script, vars: { ...common, ...vars } })
    all.push({ name, served, isValidateOnly: all.length === 0 })
  }
  const common = {
    DATABASE_URL: 'postgresql://sumdial:sumdial@localhost/sumdial',
    NEON_FETCH_ENDPOINT: endpoint.url,
    DEV_ACCESS: 'open',
  }
  const stop = async () => {
    await Promise.all(all.map(({ served }) => served.stop()))
    await endpoint.close()
    await database.close()
  }
  try {
    await start('validate only', await bundle('test/support/validate-only-worker.ts'), {})
    const script = await bundle()
    for (const { shards, lingerMs } of VARIANTS) {
      const name = `${shards} shard${shards > 1 ? 's' : ''}, linger ${lingerMs} ms`
      await start(name, script, { SHARDS: String(shards), LINGER_MS: String(lingerMs) })
    }
    return { all, stop }
  } catch (error) {
    await stop()
    throw error
  }
}
