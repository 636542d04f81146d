import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { chooseAddress, type DatabaseAddress, type DatabaseSettings } from '../address.ts'
import { must } from '../model/assert.ts'
import { UsageError } from './cli.ts'
import { databaseUrlOf, describeDatabase, PLACEHOLDER_URL } from './postgres.ts'
import { ENDPOINT_FILE, STATE_DEFAULT } from './state.ts'

export type FoundDatabase = { readonly address: DatabaseAddress; readonly name: string }

/**
 * The database for a command that works on it itself: that of DATABASE_URL, over the driver that a Worker would use, or else the embedded one of an
 * `npm run dev` that runs.
 *
 * @param needs who needs it: `--into-postgres`
 * @param state the state folder of `npm run dev`
 * @throws UsageError when there is neither
 */
export function findDatabase(
  env: NodeJS.ProcessEnv,
  needs: string,
  state: string = STATE_DEFAULT,
): FoundDatabase {
  const databaseUrl = databaseUrlOf(env)
  const endpoint = env['NEON_FETCH_ENDPOINT'] || undefined
  const settings = { hyperdriveUrl: undefined, databaseUrl, neonEndpoint: endpoint, driver: driverOf(env) }
  if (databaseUrl !== undefined) {
    return {
      address: must(chooseAddress(settings), 'an address'),
      name: describeDatabase(databaseUrl),
    }
  }
  const found = endpoint ?? endpointIn(state)
  if (found === undefined)
    throw new UsageError(`${needs} needs a database: set DATABASE_URL, or start \`npm run dev\` first.`)
  return {
    address: { kind: 'neon', url: PLACEHOLDER_URL, endpoint: found },
    name: 'the Postgres of npm run dev',
  }
}

function driverOf({ DATABASE_DRIVER = '' }: NodeJS.ProcessEnv): DatabaseSettings['driver'] {
  if (DATABASE_DRIVER === '') return undefined
  if (DATABASE_DRIVER === 'neon' || DATABASE_DRIVER === 'pg') return DATABASE_DRIVER
  throw new UsageError('DATABASE_DRIVER must be `neon` or `pg`, or empty to go by the address.')
}

/** Where the `npm run dev` that uses a state folder serves its embedded Postgres. */
function endpointIn(state: string): string | undefined {
  const file = join(state, ENDPOINT_FILE)
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined
}
