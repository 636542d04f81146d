import type { EditFault } from '../../model/deployed/schedule-edit.ts'
import { formatHour, formatSecond } from '../../model/hour.ts'
import { formatSchedule } from '../../model/schedule.ts'
import type { Candidate, Deploy, DeployPlan } from './record.ts'
import type { Secrets } from './target.ts'

/** Why a deploy does not go on, for the person who runs it. `flags` are wrangler's for the Worker. */
export function describePlan(plan: Exclude<DeployPlan, { kind: 'begin' }>, flags: string): string {
  switch (plan.kind) {
    case 'refused':
      return `${plan.faults.map(describeFault).join('\n')}\nNothing was changed.`
    case 'ambiguous':
      return `${describeChoice(plan.candidates, flags)}\nNothing was changed.`
    case 'under_way':
      return (
        `Another deploy of this Worker (${plan.other.id}) began at ${time(plan.other.beganMs)} and has not ended, or was ` +
        `killed. Run this again when it has ended, or after ${time(plan.untilMs)} if it was killed.\nNothing was changed.`
      )
    case 'unknown_live':
      return plan.candidates.length === 1
        ? '--live: leave it out, because every deploy was confirmed.'
        : `--live must be one of ${plan.candidates.map(({ id }) => id).join(', ')}.`
  }
}

function describeFault({ variable, hour, deployed, edited, reason, instead }: EditFault): string {
  const name = formatHour(hour)
  const why = {
    begun: `${name} has begun, and its shards may hold increments or still take some`,
    soon: `${name} begins in less than one full hour, before this deploy is certain to be live everywhere`,
    reopened: `${name} is closed. Its shards, and the ids that they knew, may be gone, so it must not open again`,
    unsettled: `a shard of ${name} still holds something (see GET /hours/${name}), and nothing would ask it any more`,
  }
  return (
    `${variable}: ${why[reason]}. Its value is ${deployed}, and this edit would make it ${edited}.\n` +
    `  Write ${variable} = "${formatSchedule(instead)}" instead: every hour keeps the value that it began with.`
  )
}

function describeChoice(candidates: readonly Candidate[], flags: string): string {
  const rows = candidates.map(({ id, deploy, faults }) => {
    const verdict = faults.length === 0 ? 'then this deploy is good' : faults.map(describeFault).join('\n')
    return `  --live ${id}: ${deploy === null ? 'nothing was live' : describeDeploy(deploy)}\n${indent(verdict)}`
  })
  return [
    'An earlier deploy was interrupted, and whether this one may go on depends on which of these is live:',
    ...rows,
    `Run \`npx wrangler deployments status ${flags}\`: the message of the live version names its deploy. Then run this`,
    'again with that --live.',
  ].join('\n')
}

/** `SHARDS = "1", LATE_HOURS = "72" (1f3a9c2e, 2026-11-25T07:40:00Z)` */
export function describeDeploy({ id, schedules, beganMs }: Deploy): string {
  return (
    `SHARDS = "${formatSchedule(schedules.SHARDS)}", LATE_HOURS = "${formatSchedule(schedules.LATE_HOURS)}" ` +
    `(${id}, ${time(beganMs)})`
  )
}

/** @param others Workers that have deployed with this database too. */
export function describeWarnings(others: readonly string[], databaseUrl: string): string[] {
  const { hostname } = new URL(databaseUrl)
  return [
    ...(others.length === 0 ? [] : [sharedDatabase(others)]),
    ...(hostname.endsWith('.neon.tech') ? [] : [notNeon(hostname)]),
  ]
}

function sharedDatabase(others: readonly string[]): string {
  return (
    `WARNING: ${others.join(', ')} ${others.length === 1 ? 'has' : 'have'} deployed with this database too. Two Workers ` +
    'with one database add their counts together, and each reads only its own fresh counts. Give each its own database.'
  )
}

function notNeon(hostname: string): string {
  return (
    `WARNING: ${hostname} is not one of Neon's hosts. The Worker speaks Neon's protocol over HTTPS, which other ` +
    'PostgreSQL servers do not answer.'
  )
}

/** When the Worker exists, and this database has no record of its deploys. */
export function describeUnrecorded(worker: string): string {
  return (
    `WARNING: the Worker ${worker} exists already, and this database has no record of its deploys. If it has counted with ` +
    'other values of SHARDS or LATE_HOURS, this deploy changes hours that have begun.'
  )
}

/**
 * @param taken the secrets that went with the deploy.
 * @param missing names of secrets that the Worker needs and does not have.
 */
export function describeSecrets(
  taken: Secrets,
  missing: readonly string[],
  worker: string,
  flags: string,
): string {
  const uploaded = `Secrets of this shell that the Worker now has: ${Object.keys(taken).join(', ')}`
  if (missing.length === 0) return uploaded
  return [
    uploaded,
    `${worker} has no ${missing.join(', ')} yet, so it refuses every request. Make a token, and paste the value that it prints:`,
    '  npm run token -- --name admin --scopes write,read,admin',
    `  npx wrangler secret put API_TOKENS ${flags}`,
  ].join('\n')
}

const indent = (text: string) => text.replace(/^/gm, '    ')

const time = (ms: number) => `${formatSecond(ms)}Z`
