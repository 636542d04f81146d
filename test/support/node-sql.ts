import { DatabaseSync } from 'node:sqlite'
import type { Row, Sql } from '../../src/shard/sql.ts'

/** A SQLite of Node's own behind the shard's seam, empty but for what a script makes in it. */
export function nodeSql(script = ''): Sql {
  const database = new DatabaseSync(':memory:')
  database.exec(script)
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
