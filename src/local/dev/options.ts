import { join } from 'node:path'
import { ConfigError, parseConfig, VARIABLES } from '../../config.ts'
import { parseFlags, parseWholeNumber, resolvePath, UsageError } from '../cli.ts'
import { databaseUrlOf, PLACEHOLDER_URL } from '../postgres.ts'

const ROOT = join(import.meta.dirname, '../../..')
const PORT_DEFAULT = '8787'

export const HELP = `Runs Sumdial on your machine: an embedded Postgres, the Worker and its Durable Objects. You need no account.

  npm run dev [-- options]

  --port N            where the Worker listens, on 127.0.0.1 only (${PORT_DEFAULT}; 0 takes a free port)
  --state FOLDER      where everything is kept between runs (.sumdial next to package.json)
  --var NAME:VALUE    replaces a var of wrangler.toml, such as FLUSH_INTERVAL_SECONDS:1; repeatable
  --help

Anyone can do everything except adjust, until you give API_TOKENS by --var or in .dev.vars. \`npm run token\` makes one.

With DATABASE_URL in the environment, counts go to that Postgres instead of the embedded one. Its schema
"sumdial" is migrated first. Press Ctrl-C to stop everything.`

export const FLAGS = {
  port: { type: 'string', default: PORT_DEFAULT },
  state: { type: 'string' },
  var: { type: 'string', multiple: true, default: [] as string[] },
} as const

export interface Options {
  /** 0 for any free port. */
  readonly port: number
  /** The state folder's absolute path. */
  readonly state: string
  /** Values by name, each in place of a var of wrangler.toml. */
  readonly vars: ReadonlyMap<string, string>
  /** A Postgres connection string with its password; undefined for the embedded Postgres. */
  readonly databaseUrl: string | undefined
}

/** @throws UsageError, also for a var whose value the Worker would refuse. */
export function parseOptions(args: readonly string[], env: NodeJS.ProcessEnv): Options {
  const { values } = parseFlags(args, FLAGS)
  return {
    port: parseWholeNumber('--port', values.port, 0, 65_535),
    state: values.state === undefined ? join(ROOT, '.sumdial') : resolvePath('dev', values.state, env),
    vars: checkVars(new Map(values.var.map(parseVar))),
    databaseUrl: databaseUrlOf(env),
  }
}

function parseVar(text: string): [string, string] {
  const [, name, value] = /^([A-Za-z_]\w*):(.*)$/s.exec(text) ?? []
  if (name !== undefined && value !== undefined) return [name, value]
  throw new UsageError(`--var must be of the form NAME:VALUE, not \`${text}\`.`)
}

const OWN_VARS: ReadonlyMap<string, string> = new Map([
  [
    'DATABASE_URL',
    'Set it in the environment of `npm run dev` instead, where no process list shows its password.',
  ],
  ['NEON_FETCH_ENDPOINT', 'Leave it out: `npm run dev` sets it to the endpoint that it starts.'],
  ['DEV_ACCESS', 'Leave it out: `npm run dev` opens the Worker to everyone, unless you give API_TOKENS.'],
])

/** Refuses at once what the Worker would refuse at its first request. */
function checkVars(vars: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  for (const name of vars.keys()) {
    const advice = OWN_VARS.get(name)
    if (advice !== undefined) throw new UsageError(`--var cannot set ${name}. ${advice}`)
    if (!VARIABLES.includes(name))
      throw new UsageError(`--var: there is no variable ${name}. You can set ${settable()}.`)
  }
  try {
    parseConfig({ DATABASE_URL: PLACEHOLDER_URL, ...Object.fromEntries(vars) })
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    throw new UsageError(`--var: ${error.message}`)
  }
  return vars
}

function settable(): string {
  return VARIABLES.filter((name) => !OWN_VARS.has(name)).join(', ')
}
