import { parseFlags } from '../cli.ts'

export const HELP = `Deploys the Worker: checks the configuration, migrates Postgres, records the schedules, runs wrangler.

  DATABASE_URL=postgresql://user:password@host/database npm run deploy [-- options]

  --env NAME     an environment of wrangler.toml, such as staging (without it, the top level)
  --dry-run      checks everything that needs no account, reads the database and changes nothing
  --live ID      which deploy is live, when an earlier one was interrupted and it matters; it says when, and the ids
  --help

DATABASE_URL, and API_TOKENS if it is set in this shell too, go to the Worker as its secrets, together with its code.
It is safe to run again, whenever it failed or was interrupted. Exit codes: 0 deployed, 1 not, 2 called wrongly.`

export interface Options {
  /** Empty for the top level of wrangler.toml, as wrangler's own --env takes it. */
  readonly env: string
  readonly dryRun: boolean
  readonly live: string | undefined
}

/** @throws UsageError */
export function parseOptions(args: readonly string[]): Options {
  const { values } = parseFlags(args, {
    env: { type: 'string', default: '' },
    'dry-run': { type: 'boolean', default: false },
    live: { type: 'string' },
  })
  return { env: values.env, dryRun: values['dry-run'], live: values.live }
}
