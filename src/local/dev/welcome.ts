import { PLACEHOLDER_URL } from '../postgres.ts'
import type { DevDatabase } from './database.ts'

export interface RunningDev {
  /** The Worker's address, such as `http://127.0.0.1:8787`. */
  readonly address: string
  /** The Neon-compatible endpoint's address, with its path, if there is one. */
  readonly endpointUrl: string | undefined
  readonly database: DevDatabase
  /** Whether the Worker was given API_TOKENS. */
  readonly takesToken: boolean
}

/** Shows what to do next, in commands that work as they are. Only the first line has the word `ready`. */
export function welcome(running: RunningDev): string {
  const { address, database, takesToken } = running
  const token = takesToken ? ` -H "authorization: Bearer $TOKEN"` : ''
  return [
    `ready on ${address}`,
    '',
    takesToken ? 'Put a token of API_TOKENS in TOKEN, count something, and read it back:' : COUNT,
    `  curl ${address}/increment${token} -H 'content-type: application/json' -d '{"key":"site/example.com/pricing"}'`,
    `  curl ${address}/counters/site/example.com/pricing${token}`,
    '',
    `Open ${address} in a browser for the dashboard. \`${demoCommand(address)}\` fills it with traffic.`,
    '',
    database.isEmbedded
      ? `Query the embedded Postgres over HTTP (psql cannot reach it; its files are in ${database.place}):`
      : `Query ${database.place}:`,
    `  ${sqlCommand(running)}`,
    '',
    'Press Ctrl-C to stop everything.',
  ].join('\n')
}

const COUNT = 'Count something, and read it back:'

/** Which address the demo takes by itself. */
const DEMO_ADDRESS = 'http://127.0.0.1:8787'

function demoCommand(address: string): string {
  return `npm run demo${address === DEMO_ADDRESS ? '' : ` -- --url ${address}`}`
}

function sqlCommand({ endpointUrl, database }: RunningDev): string {
  const sql = 'select * from sumdial.counters'
  if (!database.isEmbedded) return `psql "$DATABASE_URL" -c '${sql}'`
  return `curl ${endpointUrl} -H 'neon-connection-string: ${PLACEHOLDER_URL}' -d '{"query":"${sql}"}'`
}
