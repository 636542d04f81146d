import { MONTH_HOURS, NEON } from './prices.ts'

/** The compute that the smallest database uses in a month in which something is counted at any time. */
export type AwakeCost = {
  /** The part of the time in which the database is awake: 1 when it never sleeps. */
  readonly share: number
  readonly computeHours: number
  readonly dollars: number
}

/** A flush wakes the database, which sleeps again some minutes later. When the next flush comes sooner, it never sleeps. */
export function awakeCost(intervalSeconds: number): AwakeCost {
  const share = Math.min(1, NEON.sleepsAfterSeconds / intervalSeconds)
  const computeHours = NEON.smallestCu * MONTH_HOURS * share
  return { share, computeHours, dollars: computeHours * NEON.launchComputeHour }
}

/** The cost in words, with every figure that it is made from. */
export function describeAwakeCost(intervalSeconds: number): string {
  const { share, computeHours, dollars } = awakeCost(intervalSeconds)
  const sleep = NEON.sleepsAfterSeconds
  const sleeps =
    share === 1
      ? `while increments keep coming it never sleeps. With an interval above ${sleep} s it sleeps between flushes`
      : `it sleeps between flushes: it is awake ${sleep} s of each ${intervalSeconds} s in which something was counted`
  return [
    `Flushes every ${intervalSeconds} s. Neon sleeps after ${sleep} s without a statement, so ${sleeps}.`,
    `  ${NEON.smallestCu} CU x ${MONTH_HOURS} h a month${share === 1 ? '' : ` x ${sleep}/${intervalSeconds}`}` +
      ` = ${computeHours.toFixed(1)} CU-hours: $${dollars.toFixed(2)} on the plan Launch at $${NEON.launchComputeHour}` +
      ` (${NEON.readOn}); ${freePlan(computeHours)}.`,
    '  Not included: storage, more compute under load, and reads, each of which keeps the database awake as long.',
  ].join('\n')
}

function freePlan(computeHours: number): string {
  const included = NEON.freeComputeHours
  if (computeHours <= included) return `the plan Free has ${included}`
  const days = Math.floor(((included / computeHours) * MONTH_HOURS) / 24)
  return `the plan Free has ${included}, which last ${days} days`
}
