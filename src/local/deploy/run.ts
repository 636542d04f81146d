import type { Config } from '../../config.ts'
import { CommandFailed } from '../cli.ts'
import { migrate, missingMigrations } from '../migrate.ts'
import { inPostgres } from '../postgres.ts'
import { describeAwakeCost } from './cost.ts'
import { privateFolder } from './private-folder.ts'
import { confirmed, type Deploy, type DeployRecord, ended, planDeploy } from './record.ts'
import type { Records, Remembered } from './records.ts'
import { type Listed, listSecrets, missingSecrets, writeSecrets } from './secrets.ts'
import type { Secrets, Target } from './target.ts'
import { describeDeploy, describePlan } from './words.ts'
import type { Wrangler } from './wrangler.ts'

/** All that one deploy is about, checked. */
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

export type Services = {
  readonly wrangler: Wrangler
  readonly records: Records
  readonly say: (text: string) => void
}

/**
 * Checks, migrates, records, deploys, confirms.
 *
 * What can refuse comes first, and what changes something comes in the order in which a failure leaves everything as
 * it works: a newer schema serves the older Worker too, and a deploy that is recorded may be live or not.
 *
 * @throws CommandFailed
 */
export async function deploy(job: Job, services: Services): Promise<void> {
  const { wrangler, records, say } = services
  const remembered = await inPostgres('read', job.config.databaseUrl, () => records.read())
  recordWith(job, remembered)
  warn(remembered, job, say)
  const listed = await listSecrets(wrangler, flagsOf(job))
  if (listed !== null && isUnrecorded(remembered)) say(unrecorded(job))
  const applied = await inPostgres('migrate', job.config.databaseUrl, () => migrate(job.config.databaseUrl))
  say(applied.length === 0 ? 'Postgres: nothing to migrate' : `Postgres: applied ${applied.join(', ')}`)
  await inPostgres('record this deploy in', job.config.databaseUrl, () =>
    records.change((now) => recordWith(job, now)),
  )
  await upload(job, services)
  await confirm(job, services)
  say(describeSecrets(listed, job))
  say(describeAwakeCost(job.config.flushIntervalMs / 1000))
}

/** All of it that needs no account, and changes nothing. @throws as `deploy` does. */
export async function rehearse(job: Job, { wrangler, records, say }: Services): Promise<void> {
  const remembered = await inPostgres('read', job.config.databaseUrl, () => records.read())
  recordWith(job, remembered)
  warn(remembered, job, say)
  const missing = await inPostgres('read', job.config.databaseUrl, () =>
    missingMigrations(job.config.databaseUrl),
  )
  say(missing.length === 0 ? 'Postgres: nothing to migrate' : `Postgres: would apply ${missing.join(', ')}`)
  const { live } = remembered.record
  say(`Recorded: ${live === null ? 'nothing yet' : describeDeploy(live)}`)
  say(`Would record: ${describeDeploy({ ...job, beganMs: remembered.nowMs })}`)
  const { code } = await wrangler(['deploy', '--dry-run', ...flagsOf(job)], 'shown')
  if (code !== 0)
    throw new CommandFailed('wrangler could not build it; its own words are above. Nothing was changed.')
  say(describeAwakeCost(job.config.flushIntervalMs / 1000))
  say('Dry run: nothing was changed.')
}

/** The record with this deploy begun. @throws CommandFailed when it may not begin. */
function recordWith(
  { id, schedules, live, target }: Job,
  { record, nowMs, unsealed }: Remembered,
): DeployRecord {
  const plan = planDeploy(record, { id, schedules, beganMs: nowMs }, { live, unsealed })
  if (plan.kind === 'begin') return plan.record
  throw new CommandFailed(describePlan(plan, envFlag(target)))
}

function warn({ others }: Remembered, job: Job, say: Services['say']): void {
  if (others.length > 0) {
    say(
      `WARNING: ${others.join(', ')} ${others.length === 1 ? 'has' : 'have'} deployed with this database too. Two Workers ` +
        'with one database add their counts together, and each reads only its own fresh ones: give each its own.',
    )
  }
  const { hostname } = new URL(job.config.databaseUrl)
  if (!hostname.endsWith('.neon.tech')) {
    say(
      `WARNING: ${hostname} is not a host of Neon's. The Worker speaks Neon's protocol over HTTPS, which other ` +
        'PostgreSQL servers do not answer.',
    )
  }
}

function isUnrecorded({ record }: Remembered): boolean {
  return record.live === null && record.unconfirmed.length === 0
}

function unrecorded({ target }: Job): string {
  return (
    `WARNING: a Worker ${target.worker} is there already, and this database has no record of its deploys. If it has ` +
    'counted with other SHARDS or LATE_HOURS, this deploy changes hours that have begun.'
  )
}

async function upload(job: Job, { wrangler, records }: Services): Promise<void> {
  using folder = privateFolder()
  const secrets = ['--secrets-file', writeSecrets(folder.path, job.secrets)]
  const message = ['--message', `sumdial deploy ${job.id}`]
  const { code, versionId } = await wrangler(['deploy', ...flagsOf(job), ...secrets, ...message], 'shown')
  if (code === 0 && versionId !== null) return
  await inPostgres('record the end of this deploy in', job.config.databaseUrl, () =>
    records.change(({ record }) => ended(record, job.id)),
  )
  const outcome = code === 0 ? 'deployed nothing' : code === null ? 'was ended' : `ended with ${code}`
  throw new CommandFailed(
    `wrangler ${outcome}; its own words are above. What was live is still live, or ${job.id} is. ` +
      'Run this again when what it says is mended.',
  )
}

async function confirm(job: Job, { records, say }: Services): Promise<void> {
  say(`Live: ${job.id}`)
  const doing = `confirm that ${job.id} is live (it is; run this again in half an hour, without a change) in`
  await inPostgres(doing, job.config.databaseUrl, () =>
    records.change(({ record }) => confirmed(record, job.id)),
  )
}

function describeSecrets(listed: Listed, { secrets, target }: Job): string {
  const taken = `Secrets of this shell that went with it: ${Object.keys(secrets).join(', ')}`
  const missing = missingSecrets(listed, secrets)
  if (missing.length === 0) return taken
  return [
    taken,
    `${target.worker} has no ${missing.join(', ')} yet, and refuses everything until it does:`,
    '  npm run token -- --name admin --scopes write,read,admin',
    `  npx wrangler secret put API_TOKENS ${envFlag(target)}`,
  ].join('\n')
}

/** As a shell takes it. */
function envFlag({ env }: Target): string {
  return env === '' ? '--env=""' : `--env ${env}`
}

function flagsOf({ target, configPath }: Job): string[] {
  return ['--config', configPath, `--env=${target.env}`]
}
