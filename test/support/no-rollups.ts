import type { Rollups } from '../../src/model/rollups/rollups.ts'

/** A Postgres without a day to make. */
export const NO_ROLLUPS: Rollups = {
  daysToMake: async () => ({ days: [], count: 0, beginsInMs: 0 }),
  makeDay: async () => ({ kind: 'not_needed' }),
  makeAllAgain: async () => 0,
  beginNow: async () => undefined,
}
