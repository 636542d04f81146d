import { CommandFailed } from '../cli.ts'
import { migrate, missingMigrations } from '../migrate.ts'
import { inPostgres } from '../postgres.ts'
import { describeAwakeCost } from './cost.ts'
import { confirmed, type DeployRecord, ended, planDeploy } from './record.ts'
import type { Records, Remembered } from './records.ts'
import {
  describeDeploy,
  describePlan,
  describeSecrets,
  describeUnrecorded,
  describeWarnings,
} from './schedule-words.ts'
import { listSecrets, missingSecrets } from './secrets.ts'
import { envFlag, flagsOf, isLive, type Job, notLive, upload } from './upload.ts'
import type { Wrangler } from './wrangler.ts'

/** A deploy of whose database this shell knows the address, so that the deploy can be checked. */
export type Checked = Job & { readonly url: string }

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
export async function deploy(job: Checked, services: Services): Promise<void> {
  const { wrangler, records, say } = services
  const { url } = job
  const remembered = await check(job, services)
  const listed = await listSecrets(wrangler, flagsOf(job))
  if (listed !== null && isUnrecorded(remembered)) say(describeUnrecorded(job.target.worker))
  const applied = await inPostgres('migrate', url, () => migrate(url))
  say(applied.length === 0 ? NOTHING_TO_MIGRATE : `Postgres: applied ${applied.join(', ')}`)
  await inPostgres('record this deploy in', url, () => records.change((now) => recordWith(job, now)))
  await uploadOrRecord(job, services)
  await confirm(job, services)
  const missing = missingSecrets(listed, job.secrets)
  say(describeSecrets(job.secrets, missing, job.target.worker, envFlag(job.target)))
  say(describeAwakeCost(job.config.flushIntervalMs / 1000))
}

/** Does the steps of `deploy` that need no account, and changes nothing. @throws CommandFailed */
export async function rehearse(job: Checked, services: Services): Promise<void> {
  const { wrangler, say } = services
  const { url } = job
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
async function check(job: Checked, { records, say }: Services): Promise<Remembered> {
  const remembered = await inPostgres('read', job.url, () => records.read())
  recordWith(job, remembered)
  for (const warning of describeWarnings(remembered.others, job.url)) say(warning)
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

async function uploadOrRecord(job: Checked, { wrangler, records }: Services): Promise<void> {
  const ending = await upload(job, wrangler)
  if (isLive(ending)) return
  await inPostgres('record the end of this deploy in', job.url, () =>
    records.change(({ record }) => ended(record, job.id)),
  )
  throw notLive(job, ending)
}

async function confirm(job: Checked, { records, say }: Services): Promise<void> {
  say(`Live: ${job.id}`)
  const doing = `record that ${job.id} is live (it is: run this again in half an hour, without a change) in`
  await inPostgres(doing, job.url, () => records.change(({ record }) => confirmed(record, job.id)))
}
