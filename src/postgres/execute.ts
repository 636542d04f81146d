import type { SQL } from 'drizzle-orm'
import type { Clock } from '../model/clock.ts'
import type { ConnectionConfig } from './connection.ts'
import { withDatabase } from './connection.ts'
import { classifyFailure } from './failure.ts'

/**
 * Runs statements for those who only want to know that Postgres could not be asked, and why.
 *
 * @param timeoutMs of each statement.
 * @returns what runs one. It rejects with the reason alone: Drizzle's message repeats the parameters.
 */
export function executor(config: ConnectionConfig, clock: Clock, timeoutMs: number) {
  return async (statement: SQL) => {
    try {
      return await withDatabase(config, clock, timeoutMs, (db) => db.execute(statement))
    } catch (error) {
      throw new Error(classifyFailure(error).reason)
    }
  }
}
