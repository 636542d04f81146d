import { formatHour, formatSecond } from '../../model/hour.ts'
import { formatSchedule } from '../../model/schedule.ts'
import type { Candidate, Deploy, DeployPlan } from './record.ts'
import type { EditFault } from './schedule-edit.ts'

/** Why a deploy does not go on, in words for the one who runs it. */
export function describePlan(plan: Exclude<DeployPlan, { kind: 'begin' }>, flags: string): string {
  switch (plan.kind) {
    case 'refused':
      return `${plan.faults.map(describeFault).join('\n')}\nNothing was changed.`
    case 'ambiguous':
      return `${describeChoice(plan.candidates, flags)}\nNothing was changed.`
    case 'under_way':
      return (
        `Another deploy of this Worker is under way since ${time(plan.other.beganMs)} (${plan.other.id}), or was killed. ` +
        `Run this again when it has ended; after ${time(plan.untilMs)} it counts as ended.\nNothing was changed.`
      )
    case 'unknown_live':
      return plan.candidates.length === 1
        ? '--live: every deploy was confirmed, so that there is nothing to say. Leave it out.'
        : `--live: one of ${plan.candidates.map(({ id }) => id).join(', ')}.`
  }
}

function describeFault({ variable, hour, deployed, edited, reason, instead }: EditFault): string {
  const name = formatHour(hour)
  const why = {
    begun: `${name} has begun, and its shards may still hold or take something`,
    soon: `${name} begins in less than one full hour, and this deploy may not be everywhere by then`,
    reopened: `${name} has closed, and would open again when its shards may be gone, with the ids that they knew`,
    unsettled: `a shard of ${name} still holds something (GET /hours/${name} says what), and would not be asked any more`,
  }
  return (
    `${variable}: ${why[reason]}. Deployed for it is ${deployed}, and this edit would make it ${edited}.\n` +
    `  Write ${variable} = "${formatSchedule(instead)}" instead: hours keep what they began with.`
  )
}

function describeChoice(candidates: readonly Candidate[], flags: string): string {
  const rows = candidates.map(({ id, deploy, faults }) => {
    const verdict = faults.length === 0 ? 'then this deploy is good' : faults.map(describeFault).join('\n')
    return `  --live ${id}: ${deploy === null ? 'nothing was live' : describeDeploy(deploy)}\n${indent(verdict)}`
  })
  return [
    'An earlier deploy was interrupted, and whether this one is good depends on what is live:',
    ...rows,
    `Look with \`npx wrangler deployments status ${flags}\`: the message of a version names its deploy. Then run this again`,
    'with that --live.',
  ].join('\n')
}

/** `SHARDS = "1", LATE_HOURS = "72" (1f3a9c2e, 2026-11-25T07:40:00Z)` */
export function describeDeploy({ id, schedules, beganMs }: Deploy): string {
  return (
    `SHARDS = "${formatSchedule(schedules.SHARDS)}", LATE_HOURS = "${formatSchedule(schedules.LATE_HOURS)}" ` +
    `(${id}, ${time(beganMs)})`
  )
}

const indent = (text: string) => text.replace(/^/gm, '    ')

const time = (ms: number) => `${formatSecond(ms)}Z`
