import { PLACEHOLDER_URL } from '../postgres.ts'
import type { Database } from './database.ts'

export interface Running {
  /** Of the Worker, such as `http://127.0.0.1:8787`. */
  readonly address: string
  /** Of the Neon-compatible endpoint, with its path. */
  readonly endpointUrl: string
  readonly database: Database
  /** It was given API_TOKENS. */
  readonly takesToken: boolean
}

/** What to do now, in commands that work as they stand. Only its first line has the word `ready`. */
export function welcome(running: Running): string {
  const { address, database, takesToken } = running
  const token = takesToken ? ` -H "authorization: Bearer $TOKEN"` : ''
  return [
    `ready on ${address}`,
    '',
    takesToken ? 'With a token of API_TOKENS in TOKEN, count something, and read it back:' : COUNT,
    `  curl ${address}/increment${token} -H 'content-type: application/json' -d '{"key":"site/example.com/pricing"}'`,
    `  curl ${address}/counters/site/example.com/pricing${token}`,
    '',
    `The dashboard is on ${address} too; ${demoCommand(address)} makes it move.`,
    '',
    database.isEmbedded
      ? `Postgres is embedded, in ${database.place}, with no port for psql. SQL goes over HTTP:`
      : `Postgres is ${database.place}:`,
    `  ${sqlCommand(running)}`,
    '',
    'Ctrl-C ends everything.',
  ].join('\n')
}

const COUNT = 'Count something, and read it back:'

/** Where the demo looks by itself. */
const DEMO_ADDRESS = 'http://127.0.0.1:8787'

function demoCommand(address: string): string {
  return `npm run demo${address === DEMO_ADDRESS ? '' : ` -- --url ${address}`}`
}

function sqlCommand({ endpointUrl, database }: Running): string {
  const sql = 'select * from sumdial.counters'
  if (!database.isEmbedded) return `psql "$DATABASE_URL" -c '${sql}'`
  return `curl ${endpointUrl} -H 'neon-connection-string: ${PLACEHOLDER_URL}' -d '{"query":"${sql}"}'`
}
