import type { Config } from '../../config.ts'
import { CommandFailed } from '../cli.ts'
import { migrate, missingMigrations } from '../migrate.ts'
import { inPostgres } from '../postgres.ts'
import { describeAwakeCost } from './cost.ts'
import { privateFolder } from './private-folder.ts'
import { confirmed, type Deploy, type DeployRecord, ended, planDeploy } from './record.ts'
import type { Records, Remembered } from './records.ts'
import {
  describeDeploy,
  describePlan,
  describeSecrets,
  describeUnrecorded,
  describeWarnings,
} from './schedule-words.ts'
import { listSecrets, missingSecrets, writeSecrets } from './secrets.ts'
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

export type Services = {
  readonly wrangler: Wrangler
  readonly records: Records
  readonly say: (text: string) => void
}

/**
 * Checks, migrates, records, deploys, confirms.
 *
 * Steps that can refuse come first. The steps that change something come in an order in which everything still works after any
 * of them fails: a newer schema serves the older Worker too, and a deploy that is recorded may be live or not.
 *
 * @throws CommandFailed
 */
export async function deploy(job: Job, services: Services): Promise<void> {
  const { wrangler, records, say } = services
  const url = job.config.database.url
  const remembered = await check(job, services)
  const listed = await listSecrets(wrangler, flagsOf(job))
  if (listed !== null && isUnrecorded(remembered)) say(describeUnrecorded(job.target.worker))
  const applied = await inPostgres('migrate', url, () => migrate(url))
  say(applied.length === 0 ? NOTHING_TO_MIGRATE : `Postgres: applied ${applied.join(', ')}`)
  await inPostgres('record this deploy in', url, () => records.change((now) => recordWith(job, now)))
  await upload(job, services)
  await confirm(job, services)
  const missing = missingSecrets(listed, job.secrets)
  say(describeSecrets(job.secrets, missing, job.target.worker, envFlag(job.target)))
  say(describeAwakeCost(job.config.flushIntervalMs / 1000))
}

/** Does the steps of `deploy` that need no account, and changes nothing. @throws CommandFailed */
export async function rehearse(job: Job, services: Services): Promise<void> {
  const { wrangler, say } = services
  const url = job.config.database.url
  const remembered = await check(job, services)
  const missing = await inPostgres('read', url, () => missingMigrations(url))
  say(missing.length === 0 ? NOTHING_TO_MIGRATE : `Postgres: would apply ${missing.join(', ')}`)
  const { live } = remembered.record
  say(`Recorded: ${live === null ? 'nothing yet' : describeDeploy(live)}`)
  say(`Would record: ${describeDeploy({ ...job, beganMs: remembered.nowMs })}`)
  const { code } = await wrangler(['deploy', '--dry-run', ...flagsOf(job)], 'shown')
  if (code !== 0)
    throw new CommandFailed('wrangler could not build the Worker: see its output above. Nothing was changed.')
  say(describeAwakeCost(job.config.flushIntervalMs / 1000))
  say('Dry run: nothing was changed.')
}

const NOTHING_TO_MIGRATE = 'Postgres: nothing to migrate'

/** Reads what Postgres remembers of deploys. @throws CommandFailed when this deploy may not begin. */
async function check(job: Job, { records, say }: Services): Promise<Remembered> {
  const remembered = await inPostgres('read', job.config.database.url, () => records.read())
  recordWith(job, remembered)
  for (const warning of describeWarnings(remembered.others, job.config.database.url)) say(warning)
  return remembered
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

function isUnrecorded({ record }: Remembered): boolean {
  return record.live === null && record.unconfirmed.length === 0
}

async function upload(job: Job, { wrangler, records }: Services): Promise<void> {
  using folder = privateFolder()
  const secrets = ['--secrets-file', writeSecrets(folder.path, job.secrets)]
  const message = ['--message', `sumdial deploy ${job.id}`]
  const ending = await wrangler(['deploy', ...flagsOf(job), ...secrets, ...message], 'shown')
  if (ending.code === 0 && ending.versionId !== null) return
  await inPostgres('record the end of this deploy in', job.config.database.url, () =>
    records.change(({ record }) => ended(record, job.id)),
  )
  throw new CommandFailed(
    `wrangler ${outcomeOf(ending)}: see its output above. Either the previous deploy is still live, or this one ` +
      `(${job.id}) is. Fix what wrangler reports, then run this again.`,
  )
}

function outcomeOf({ code }: WranglerEnding): string {
  if (code === 0) return 'deployed nothing'
  return code === null ? 'was ended by a signal' : `failed with exit code ${code}`
}

async function confirm(job: Job, { records, say }: Services): Promise<void> {
  say(`Live: ${job.id}`)
  const doing = `record that ${job.id} is live (it is: run this again in half an hour, without a change) in`
  await inPostgres(doing, job.config.database.url, () =>
    records.change(({ record }) => confirmed(record, job.id)),
  )
}

/** The environment as a person writes it in a shell. */
function envFlag({ env }: Target): string {
  return env === '' ? '--env=""' : `--env ${env}`
}

function flagsOf({ target, configPath }: Job): string[] {
  return ['--config', configPath, `--env=${target.env}`]
}
