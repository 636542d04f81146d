import { CommandFailed } from '../cli.ts'
import { envFlag, flagsOf, isLive, type Job, notLive, upload } from './upload.ts'
import type { Wrangler } from './wrangler.ts'

type Services = { readonly wrangler: Wrangler; readonly say: (text: string) => void }

/**
 * Deploys from a shell that does not know the database: the Worker has its address as a secret already, or this is a build at
 * Cloudflare. Nothing is migrated or recorded here. The Worker does both itself, and says when a schedule was changed too late.
 *
 * @throws CommandFailed
 */
export async function deployUnchecked(job: Job, { wrangler, say }: Services): Promise<void> {
  say(UNCHECKED)
  const ending = await upload(job, wrangler)
  if (!isLive(ending)) throw notLive(job, ending)
  say(`Live: ${job.id}`)
  say(describeNeeds(envFlag(job.target)))
}

/** @throws CommandFailed */
export async function rehearseUnchecked(job: Job, { wrangler, say }: Services): Promise<void> {
  say(UNCHECKED)
  const { code } = await wrangler(['deploy', '--dry-run', ...flagsOf(job)], 'shown')
  if (code !== 0)
    throw new CommandFailed('wrangler could not build the Worker: see its output above. Nothing was changed.')
  say('Dry run: nothing was changed.')
}

const UNCHECKED =
  'DATABASE_URL is not set in this shell, so this deploy does not migrate Postgres, and cannot check SHARDS and LATE_HOURS against ' +
  'what was deployed before. The Worker migrates itself with its first flush, and its hourly cron compares the schedules and says in ' +
  '/status what differs. To have both done now, set DATABASE_URL to the connection string of your Postgres.'

function describeNeeds(flags: string): string {
  return [
    'The Worker needs two secrets. This lists those that it has, and these set one:',
    `  npx wrangler secret list ${flags}`,
    `  npx wrangler secret put DATABASE_URL ${flags}`,
    `  npx wrangler secret put API_TOKENS ${flags}     (npm run token -- --name admin --scopes write,read,admin)`,
  ].join('\n')
}
