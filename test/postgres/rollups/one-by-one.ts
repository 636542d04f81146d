import type { Rollups } from '../../../src/model/rollups/rollups.ts'
import type { Postgres } from '../../../src/postgres/driver/session.ts'
import { createRollups } from '../../../src/postgres/rollups/rollups.ts'

/** Works with days, over a connection for each call. */
export function rollupsOneByOne(postgres: Postgres): Rollups {
  const withRollups = createRollups(postgres)
  return {
    daysToMake: (most, when) => withRollups((rollups) => rollups.daysToMake(most, when)),
    makeDay: (day) => withRollups((rollups) => rollups.makeDay(day)),
    makeAllAgain: () => withRollups((rollups) => rollups.makeAllAgain()),
    beginNow: () => withRollups((rollups) => rollups.beginNow()),
  }
}
