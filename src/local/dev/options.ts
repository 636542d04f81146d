import { isIP } from 'node:net'
import { isNeon } from '../../address.ts'
import type { Config } from '../../config.ts'
import { ConfigError, parseConfig, VARIABLES } from '../../config.ts'
import { parseFlags, parseWholeNumber, resolvePath, UsageError } from '../cli.ts'
import { databaseUrlOf, PLACEHOLDER_URL } from '../postgres.ts'
import { STATE_DEFAULT } from '../state.ts'

const PORT_DEFAULT = '8787'
const HOST_DEFAULT = '127.0.0.1'

export const HELP = `Runs Sumdial on your machine: an embedded Postgres, the Worker and its Durable Objects. You need no account.

  npm run dev [-- options]

  --port N            where the Worker listens (${PORT_DEFAULT}; 0 takes a free port)
  --host ADDRESS      an address of this machine to listen on (${HOST_DEFAULT}; 0.0.0.0 for all). Any other
                      than a loopback address takes API_TOKENS, because others can reach it
  --state FOLDER      where everything is kept between runs (.sumdial next to package.json)
  --var NAME:VALUE    replaces a var of wrangler.toml, such as FLUSH_INTERVAL_SECONDS:1; repeatable
  --help

Anyone can do everything except adjust, until you give API_TOKENS by --var or in .dev.vars. \`npm run token\` makes one.

With DATABASE_URL in the environment, counts go to that Postgres instead of the embedded one, over the driver that a
deployed Worker would use (DATABASE_DRIVER:neon or DATABASE_DRIVER:pg by --var chooses another). Its schema "sumdial" is
migrated first. Press Ctrl-C to stop everything.`

export const FLAGS = {
  port: { type: 'string', default: PORT_DEFAULT },
  host: { type: 'string', default: HOST_DEFAULT },
  state: { type: 'string' },
  var: { type: 'string', multiple: true, default: [] as string[] },
} as const

export interface Options {
  /** 0 for any free port. */
  readonly port: number
  /** The IP address where it listens. */
  readonly host: string
  /** The state folder's absolute path. */
  readonly state: string
  /** Values by name, each in place of a var of wrangler.toml. */
  readonly vars: ReadonlyMap<string, string>
  readonly database: DatabaseChoice
}

/** Where counts go. A `url` is a connection string with its password. */
export type DatabaseChoice =
  /** To the embedded Postgres, through the endpoint. */
  | { readonly kind: 'embedded' }
  /** To a Postgres, through the endpoint, because Neon's driver was asked for. */
  | { readonly kind: 'endpoint'; readonly url: string }
  /** To a Postgres, as a deployed Worker would get there. */
  | { readonly kind: 'direct'; readonly url: string }

/** @throws UsageError, also for a var whose value the Worker would refuse. */
export function parseOptions(args: readonly string[], env: NodeJS.ProcessEnv): Options {
  const { values } = parseFlags(args, FLAGS)
  const vars = new Map(values.var.map(parseVar))
  checkNames(vars)
  return {
    port: parseWholeNumber('--port', values.port, 0, 65_535),
    host: parseHost(values.host),
    state: values.state === undefined ? STATE_DEFAULT : resolvePath('dev', values.state, env),
    vars,
    database: chooseDatabase(vars, databaseUrlOf(env)),
  }
}

function parseHost(text: string): string {
  const host = text === 'localhost' ? HOST_DEFAULT : text
  if (isIP(host) !== 0) return host
  throw new UsageError(`--host must be an IP address such as 0.0.0.0 or 192.168.1.20, not \`${text}\`.`)
}

/** Whether only this machine can reach the address. */
export function isLoopback(host: string): boolean {
  return host === '::1' || host.startsWith('127.')
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

function checkNames(vars: ReadonlyMap<string, string>): void {
  for (const name of vars.keys()) {
    const advice = OWN_VARS.get(name)
    if (advice !== undefined) throw new UsageError(`--var cannot set ${name}. ${advice}`)
    if (!VARIABLES.includes(name))
      throw new UsageError(`--var: there is no variable ${name}. You can set ${settable()}.`)
  }
}

/** @throws UsageError at once for what the Worker would refuse at its first request. */
function chooseDatabase(vars: ReadonlyMap<string, string>, url: string | undefined): DatabaseChoice {
  const { database } = parseEnvironment({ DATABASE_URL: url ?? PLACEHOLDER_URL, ...Object.fromEntries(vars) })
  if (url !== undefined) {
    return database?.kind === 'tcp' || isNeon(url) ? { kind: 'direct', url } : { kind: 'endpoint', url }
  }
  if (vars.get('DATABASE_DRIVER') !== 'pg') return { kind: 'embedded' }
  throw new UsageError(
    'DATABASE_DRIVER:pg needs a Postgres: set DATABASE_URL. The embedded one speaks HTTP alone.',
  )
}

function parseEnvironment(env: object): Config {
  try {
    return parseConfig(env)
  } catch (error) {
    throw error instanceof ConfigError ? new UsageError(error.message) : error
  }
}

function settable(): string {
  return VARIABLES.filter((name) => !OWN_VARS.has(name)).join(', ')
}
