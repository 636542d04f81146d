import { sql } from 'drizzle-orm'
import { READ_MS_MAX, READ_STATEMENT_MS_MAX, SMALL_READ_MS_MAX } from '../limits.ts'
import type { ReadKind } from '../model/read.ts'
import { TooSlow } from '../model/read.ts'
import type { Postgres } from './driver/session.ts'
import { type Ask, NotAnswered, reader } from './execute.ts'
import { reading } from './statement.ts'

/** How long a read's statements may take together, in milliseconds, and the small one that is asked when they took too long. */
export type ReadTimes = { readonly statementMs: number; readonly smallMs: number }

/** Of a read that Postgres answers alone, and of one whose time other calls share. */
export const ALONE: ReadTimes = { statementMs: READ_MS_MAX, smallMs: SMALL_READ_MS_MAX }
export const SHARED: ReadTimes = { statementMs: READ_STATEMENT_MS_MAX, smallMs: SMALL_READ_MS_MAX }

/**
 * Makes a read, of one statement or several. When it takes too long, Postgres is asked something small: an answer to that shows
 * that Postgres is there, and that the read asks for too much.
 *
 * Rejects with TooSlow then, and otherwise with what the read rejects with.
 *
 * @param read gets a function that runs a statement within what is left of the read's time.
 */
export async function orTooSlow<T>(
  postgres: Postgres,
  { statementMs, smallMs }: ReadTimes,
  kind: ReadKind,
  read: (ask: Ask) => Promise<T>,
): Promise<T> {
  const { clock } = postgres
  const endsMs = clock.now() + statementMs
  try {
    return await read((...asked) => reader(postgres, Math.max(1, endsMs - clock.now()))(...asked))
  } catch (error) {
    if (!(error instanceof NotAnswered && error.isTimeout)) throw error
    throw (await isThere(postgres, smallMs)) ? new TooSlow(kind, error) : error
  }
}

async function isThere(postgres: Postgres, smallMs: number): Promise<boolean> {
  try {
    await reader(postgres, smallMs)(SMALL)
    return true
  } catch (error) {
    if (error instanceof NotAnswered) return false
    throw error
  }
}

const SMALL = reading(sql`1 as one`)
