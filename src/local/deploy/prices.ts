import { DATABASE_SLEEPS_MS } from '../../limits.ts'

/**
 * What Neon charges, in US dollars, as read on 2026-11-12.
 * Source: https://neon.com/docs/introduction/plans
 */
export const NEON = {
  readOn: '2026-11-12',
  /** The smallest compute, in CU. */
  smallestCu: 0.25,
  /** A database without a connection or a statement for so long sleeps, and costs no compute. */
  sleepsAfterSeconds: DATABASE_SLEEPS_MS / 1000,
  /** The plan Launch: a CU-hour of compute. */
  launchComputeHour: 0.106,
  /** The plan Free: CU-hours of a project in a month, past which it is suspended. */
  freeComputeHours: 100,
} as const

/**
 * What Cloudflare charges on the plan Workers Paid, in US dollars, as read on 2026-11-21: beyond what $5 a month include.
 * Source: developers.cloudflare.com, workers/platform/pricing and durable-objects/platform/pricing
 */
export const CLOUDFLARE = {
  readOn: '2026-11-21',
  month: 5,
  /** Each is an amount of a month that is included, and what a million more costs. */
  requests: { included: 10e6, million: 0.3 },
  cpuMs: { included: 30e6, million: 0.02 },
  objectRequests: { included: 1e6, million: 0.15 },
  rowsWritten: { included: 50e6, million: 1 },
  gbSeconds: { included: 400_000, million: 12.5 },
  /** What an object that is active is billed for, whatever it uses. */
  objectGb: 0.128,
} as const

/**
 * What the plan Workers Free carries in a day, past which calls fail until the next. As read on 2026-11-21; the same
 * source.
 */
export const CLOUDFLARE_FREE = {
  requests: 100_000,
  objectRequests: 100_000,
  rowsWritten: 100_000,
  gbSeconds: 13_000,
} as const

/** Hours of a month, on average: 365 days of 24 hours in 12 months. */
export const MONTH_HOURS = 730
