import { parseFlags } from '../cli.ts'

export const HELP = `Deploys the Worker: checks the configuration, migrates Postgres, records the schedules, runs wrangler.

  DATABASE_URL=postgresql://user:password@host/database npm run deploy [-- options]

  --env NAME     an environment of wrangler.toml, such as staging (the top level)
  --dry-run      check everything that needs no account, read the database, and change nothing
  --live ID      which deploy is live; give it only when the command asks, after an earlier deploy was interrupted
  --help

Without DATABASE_URL in this shell it only deploys, and the Worker migrates itself. With it, the Worker gets it as its secret, together with its code, and those of API_TOKENS, TOKEN_SECRET and
REVOKED_TOKENS that you set in this shell.
You can run this again whenever it has failed or was interrupted. Exit codes: 0 deployed, 1 not, 2 called wrongly.`

export const FLAGS = {
  env: { type: 'string', default: '' },
  'dry-run': { type: 'boolean', default: false },
  live: { type: 'string' },
} as const

export interface Options {
  /** Empty for the top level of wrangler.toml, as in wrangler's --env. */
  readonly env: string
  readonly dryRun: boolean
  readonly live: string | undefined
}

/** @throws UsageError */
export function parseOptions(args: readonly string[]): Options {
  const { values } = parseFlags(args, FLAGS)
  return { env: values.env, dryRun: values['dry-run'], live: values.live }
}
