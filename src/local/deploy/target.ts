import { unstable_readConfig } from 'wrangler'
import { type Config, ConfigError, parseConfig, VARIABLES } from '../../config.ts'
import { UsageError } from '../cli.ts'
import { PLACEHOLDER_URL } from '../postgres.ts'

/** The Worker that wrangler.toml describes for one environment. */
export type Target = {
  readonly worker: string
  readonly env: string
  readonly vars: Readonly<Record<string, unknown>>
}

/**
 * @param env empty for the top level.
 * @throws UsageError for an environment that there is not, and for a file that wrangler cannot read.
 */
export function readTarget(configPath: string, env: string): Target {
  const environments = read(configPath, '').definedEnvironments ?? []
  if (env !== '' && !environments.includes(env)) {
    const known = environments.length === 0 ? 'none' : environments.join(', ')
    throw new UsageError(`--env ${env}: wrangler.toml has no such environment. It has: ${known}.`)
  }
  const { name, vars } = read(configPath, env)
  if (name === undefined) throw new UsageError('wrangler.toml gives the Worker no name.')
  return { worker: name, env, vars }
}

function read(configPath: string, env: string) {
  try {
    return unstable_readConfig({ config: configPath, env }, { hideWarnings: true })
  } catch (error) {
    throw new UsageError(`${configPath} cannot be read: ${error instanceof Error ? error.message : error}`)
  }
}

const MISSING_URL =
  'DATABASE_URL is not set in this shell. It is needed to migrate and to check, and goes to the Worker as its secret; ' +
  "Cloudflare does not show secrets again, so that it cannot be read from there. Neon's console shows it."

/** What must not stand in `[vars]`, where everyone with access to the repository reads it, or at all. */
const NOT_VARS: ReadonlyMap<string, string> = new Map([
  ['DATABASE_URL', 'is a secret: take it out of [vars] and set it in this shell'],
  ['API_TOKENS', 'is a secret: take it out of [vars] and set it in this shell'],
  ['NEON_FETCH_ENDPOINT', 'is for `npm run dev` alone: take it out of [vars]'],
  ['DEV_ACCESS', 'would let everyone do everything, and is for `npm run dev` alone: take it out of [vars]'],
])

/**
 * What the Worker would make of its vars and secrets.
 *
 * @throws UsageError that names every bad variable. It repeats no value of a secret.
 */
export function checkConfig(vars: Target['vars'], secrets: Secrets): Config {
  const faults = Object.keys(vars).flatMap(varFault)
  const { DATABASE_URL = PLACEHOLDER_URL, API_TOKENS } = secrets
  if (secrets.DATABASE_URL === undefined) faults.push(MISSING_URL)
  try {
    const own = Object.entries(vars).filter(([name]) => !NOT_VARS.has(name))
    const tokens = API_TOKENS === undefined ? {} : { API_TOKENS }
    const config = parseConfig({ ...Object.fromEntries(own), ...tokens, DATABASE_URL })
    if (faults.length === 0) return config
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    faults.push(error.message)
  }
  throw new UsageError(`${faults.join('\n')}\nNothing was changed.`)
}

function varFault(name: string): string[] {
  const fault = NOT_VARS.get(name)
  if (fault !== undefined) return [`${name} ${fault}.`]
  if (VARIABLES.includes(name)) return []
  const known = VARIABLES.filter((variable) => !NOT_VARS.has(variable)).join(', ')
  return [`${name} is no variable that Sumdial reads, so that it would do nothing. There is ${known}.`]
}

/** What this shell has of the Worker's secrets. */
export type Secrets = { readonly DATABASE_URL?: string; readonly API_TOKENS?: string }

export function readSecrets(env: NodeJS.ProcessEnv): Secrets {
  const { DATABASE_URL = '', API_TOKENS = '' } = env
  return { ...(DATABASE_URL && { DATABASE_URL }), ...(API_TOKENS && { API_TOKENS }) }
}
