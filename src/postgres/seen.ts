import { sql } from 'drizzle-orm'
import { z } from 'zod'
import { STATEMENT_MS_MAX } from '../limits.ts'
import { encodeSeen, SEEN_PREFIX, type Seen, seenSchema } from '../model/deployed/seen.ts'
import type { Schedule } from '../model/schedule.ts'
import type { Postgres } from './driver/session.ts'
import { executing, reader } from './execute.ts'
import { listing, PATIENT, writing } from './statement.ts'

/** The schedules that a Worker's cron has seen. They reject when Postgres cannot be asked. */
export type SeenRecord = {
  readonly readSeen: () => Promise<Seen | null>
  readonly writeSeen: (seen: Seen) => Promise<void>
}

/** @param worker an id that no other Worker with this database has, and that stays from deploy to deploy. */
export function createSeenRecord(postgres: Postgres, worker: () => string): SeenRecord {
  const read = reader(postgres, STATEMENT_MS_MAX)
  const name = () => `${SEEN_PREFIX}${worker()}`
  return {
    async readSeen() {
      const row = await read(listing(sql`select value from sumdial.settings where name = ${name()}`))
      const [item] = itemsSchema.parse(row).items
      if (item === undefined) return null
      const seen = seenSchema.safeParse(item.value)
      if (!seen.success) throw new Error('the record of schedules is of another version')
      return seen.data
    },
    async writeSeen(seen) {
      const value = JSON.stringify(encodeSeen(seen))
      const statement = writing(sql`
insert into sumdial.settings (name, value) select ${name()}, ${value}::jsonb where ${PATIENT}
on conflict (name) do update set value = excluded.value, recorded_at = now()`)
      await executing(postgres, STATEMENT_MS_MAX, (execute) => execute(statement))
    },
  }
}

/** LATE_HOURS of each Worker whose cron has run with this database. It rejects when Postgres cannot be asked. */
export async function readLateHours(postgres: Postgres): Promise<readonly Schedule[]> {
  const read = reader(postgres, STATEMENT_MS_MAX)
  const row = await read(
    listing(sql`select value from sumdial.settings where starts_with(name, ${SEEN_PREFIX})`),
  )
  return itemsSchema.parse(row).items.flatMap(({ value }) => {
    const seen = seenSchema.safeParse(value)
    return seen.success ? [seen.data.schedules.LATE_HOURS] : []
  })
}

const itemsSchema = z.object({ items: z.array(z.object({ value: z.unknown() })) })
