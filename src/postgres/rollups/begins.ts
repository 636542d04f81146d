import { sql } from 'drizzle-orm'
import { ROLLUPS_BEGIN_HOURS } from '../../limits.ts'

/** When roll-ups begin: some time after their migration, because code from before days may run until then. */
export const BEGINS = sql`coalesce(
  (select recorded_at from sumdial.settings where name = 'rollups'), clock_timestamp()
) + make_interval(hours => ${ROLLUPS_BEGIN_HOURS}::int)`
