import { DatabaseSync } from 'node:sqlite'
import type { Row, Sql } from '../../src/shard/sql.ts'

/** An empty SQLite of Node's own behind the shard's seam. */
export function nodeSql(): Sql {
  const database = new DatabaseSync(':memory:')
  return {
    run: (statement, ...params) => database.prepare(statement).all(...params) as Row[],
    transaction: (body) => {
      database.exec('begin')
      try {
        const result = body()
        database.exec('commit')
        return result
      } catch (error) {
        database.exec('rollback')
        throw error
      }
    },
  }
}
