import type { Rollups } from '../../../src/model/rollups/rollups.ts'
import type { Postgres } from '../../../src/postgres/driver/session.ts'
import { createRollups } from '../../../src/postgres/rollups/rollups.ts'

/** Works with days, over a connection for each call. @param pieceRows rows of an hour that a piece of a day has at most. */
export function rollupsOneByOne(postgres: Postgres, pieceRows?: number): Rollups {
  const withRollups = createRollups(postgres, undefined, pieceRows)
  return {
    daysToMake: (most, when) => withRollups((rollups) => rollups.daysToMake(most, when)),
    makeDay: (day) => withRollups((rollups) => rollups.makeDay(day)),
    makeAllAgain: () => withRollups((rollups) => rollups.makeAllAgain()),
    beginNow: () => withRollups((rollups) => rollups.beginNow()),
  }
}
