import type { Database } from './ports.ts'

/** The Worker has no DATABASE_URL: it counts and keeps what it counts, and cannot read. */
export class NoDatabase extends Error {
  override name = 'NoDatabase'

  constructor() {
    super('DATABASE_URL is missing')
  }
}

async function rejects(): Promise<never> {
  throw new NoDatabase()
}

/** The user's Postgres of a Worker that has none. */
export const NO_DATABASE: Database = {
  readCommitted: rejects,
  readSeries: rejects,
  readGroups: rejects,
  firstHour: rejects,
  list: rejects,
  listLabels: rejects,
  ledgerOf: rejects,
  prune: rejects,
  stragglers: rejects,
  sealAll: rejects,
  withRollups: rejects,
  daysStanding: rejects,
  deleteBefore: rejects,
  bringUpSchema: rejects,
  readSeen: rejects,
  writeSeen: rejects,
}
