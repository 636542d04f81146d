import { type Config, ConfigError, parseConfig, VARIABLES } from '../../config.ts'
import { UsageError } from '../cli.ts'
import { readWranglerConfig } from '../wrangler-config.ts'

/** The Worker that wrangler.toml describes for one environment. */
export type Target = {
  readonly worker: string
  readonly env: string
  readonly vars: Readonly<Record<string, unknown>>
}

/**
 * @param env empty for the top level.
 * @throws UsageError for an environment that does not exist, and for a file that wrangler cannot read.
 */
export async function readTarget(configPath: string, env: string): Promise<Target> {
  const environments = (await read(configPath, '')).definedEnvironments ?? []
  if (env !== '' && !environments.includes(env)) {
    const known = environments.length === 0 ? 'none' : environments.join(', ')
    throw new UsageError(`--env ${env}: wrangler.toml has no such environment. It has: ${known}.`)
  }
  const { name, vars } = await read(configPath, env)
  if (name === undefined) throw new UsageError('wrangler.toml gives the Worker no name. Add one.')
  return { worker: name, env, vars }
}

async function read(configPath: string, env: string) {
  try {
    return await readWranglerConfig(configPath, env)
  } catch (error) {
    throw new UsageError(`Could not read ${configPath}: ${error instanceof Error ? error.message : error}`)
  }
}

/** Names that must not be in `[vars]`, which everyone with access to the repository can read. */
const NOT_VARS: ReadonlyMap<string, string> = new Map([
  ['DATABASE_URL', 'is a secret: remove it from [vars] and set it in this shell'],
  ['API_TOKENS', 'is a secret: remove it from [vars] and set it in this shell'],
  ['TOKEN_SECRET', 'is a secret: remove it from [vars] and set it in this shell'],
  ['REVOKED_TOKENS', 'is kept as a secret: remove it from [vars] and set it in this shell'],
  ['NEON_FETCH_ENDPOINT', 'is only for `npm run dev`: remove it from [vars]'],
  ['DEV_ACCESS', 'would let everyone do everything, and is only for `npm run dev`: remove it from [vars]'],
])

/**
 * The configuration that the Worker would read from its vars and secrets.
 *
 * @throws UsageError that names every bad variable, and repeats no secret.
 */
export function checkConfig(vars: Target['vars'], secrets: Secrets): Config {
  const faults = Object.keys(vars).flatMap(varFault)
  try {
    const own = Object.entries(vars).filter(([name]) => !NOT_VARS.has(name))
    const config = parseConfig({ ...Object.fromEntries(own), ...secrets })
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
  return [`${name} is not a variable of Sumdial, so it would do nothing. You can set ${known}.`]
}

/** Those of the Worker's secrets that are set in this shell. */
export type Secrets = { readonly [name in (typeof SECRETS)[number]]?: string }

export const SECRETS = ['DATABASE_URL', 'API_TOKENS', 'TOKEN_SECRET', 'REVOKED_TOKENS'] as const

export function readSecrets(env: NodeJS.ProcessEnv): Secrets {
  return Object.fromEntries(
    SECRETS.flatMap((name) => {
      const value = env[name] ?? ''
      return value === '' ? [] : [[name, value]]
    }),
  )
}
