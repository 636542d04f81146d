import type { Config } from '../../config.ts'
import { CommandFailed } from '../cli.ts'
import { privateFolder } from './private-folder.ts'
import type { Deploy } from './record.ts'
import { writeSecrets } from './secrets.ts'
import type { Secrets, Target } from './target.ts'
import type { Wrangler, WranglerEnding } from './wrangler.ts'

/** Everything about one deploy, checked. */
export type Job = {
  readonly target: Target
  readonly configPath: string
  readonly config: Config
  readonly secrets: Secrets
  readonly schedules: Deploy['schedules']
  /** A random name for this deploy. */
  readonly id: string
  /** The candidate that a person says is live. */
  readonly live: string | undefined
}

/** Runs `wrangler deploy`, with the code and this shell's secrets in one step. */
export async function upload(job: Job, wrangler: Wrangler): Promise<WranglerEnding> {
  using folder = privateFolder()
  const hasSecrets = Object.keys(job.secrets).length > 0
  const secrets = hasSecrets ? ['--secrets-file', writeSecrets(folder.path, job.secrets)] : []
  const message = ['--message', `sumdial deploy ${job.id}`]
  return await wrangler(['deploy', ...flagsOf(job), ...secrets, ...message], 'shown')
}

export function isLive({ code, versionId }: WranglerEnding): boolean {
  return code === 0 && versionId !== null
}

export function notLive({ id }: Job, ending: WranglerEnding): CommandFailed {
  return new CommandFailed(
    `wrangler ${outcomeOf(ending)}: see its output above. Either the previous deploy is still live, or this one ` +
      `(${id}) is. Fix what wrangler reports, then run this again.`,
  )
}

function outcomeOf({ code }: WranglerEnding): string {
  if (code === 0) return 'deployed nothing'
  return code === null ? 'was ended by a signal' : `failed with exit code ${code}`
}

/** The environment as a person writes it in a shell. */
export function envFlag({ env }: Target): string {
  return env === '' ? '--env=""' : `--env ${env}`
}

export function flagsOf({ target, configPath }: Job): string[] {
  return ['--config', configPath, `--env=${target.env}`]
}
