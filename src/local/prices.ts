import { DATABASE_SLEEPS_MS } from '../limits.ts'

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

/** Hours of a month, on average: 365 days of 24 hours in 12 months. */
export const MONTH_HOURS = 730
