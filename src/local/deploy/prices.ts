import { DATABASE_SLEEPS_MS } from '../../limits.ts'

/**
 * Neon's prices in US dollars, as read on 2026-11-12.
 * Source: https://neon.com/docs/introduction/plans
 */
export const NEON = {
  readOn: '2026-11-12',
  /** The smallest compute, in CU. */
  smallestCu: 0.25,
  /** A database sleeps, and costs no compute, after this long without a connection or a statement. */
  sleepsAfterSeconds: DATABASE_SLEEPS_MS / 1000,
  /** One CU-hour of compute on the plan Launch. */
  launchComputeHour: 0.106,
  /** CU-hours that a project has in a month on the plan Free. Then it is suspended. */
  freeComputeHours: 100,
} as const

/**
 * Cloudflare's prices on the plan Workers Paid in US dollars, as read on 2026-11-21: $5 a month, and more beyond what they include.
 * Source: developers.cloudflare.com, workers/platform/pricing and durable-objects/platform/pricing
 */
export const CLOUDFLARE = {
  readOn: '2026-11-21',
  month: 5,
  /** In each of these: the amount that a month includes, and the price of a million more. */
  requests: { included: 10e6, million: 0.3 },
  cpuMs: { included: 30e6, million: 0.02 },
  objectRequests: { included: 1e6, million: 0.15 },
  rowsWritten: { included: 50e6, million: 1 },
  gbSeconds: { included: 400_000, million: 12.5 },
  /** The memory that an active object is billed for, whatever it uses. */
  objectGb: 0.128,
} as const

/**
 * The plan Workers Free includes this much in a day, as read on 2026-11-21 in the pages above. Beyond that, calls fail until
 * the next day.
 */
export const CLOUDFLARE_FREE = {
  requests: 100_000,
  objectRequests: 100_000,
  rowsWritten: 100_000,
  gbSeconds: 13_000,
} as const

/** Hours of an average month: 365 days of 24 hours in 12 months. */
export const MONTH_HOURS = 730
