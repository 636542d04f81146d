import { UnknownVersion } from '../model/flight.ts'
import type { Tally } from '../model/status.ts'
import { OUTCOMES } from '../model/status.ts'
import type { Row, Sql } from './sql.ts'
import { integer, text } from './sql.ts'

const SCHEMA_VERSION = 1

const TALLY_COLUMNS: readonly (readonly [column: string, field: keyof Tally])[] = [
  ...OUTCOMES.map((outcome) => [outcome, outcome] as const),
  ['sent_ms', 'sentMs'],
  ['moves', 'moves'],
]

const SET_TALLY = TALLY_COLUMNS.map(([column]) => `, ${column} = ?`).join('')

/**
 * The table `state`, which has one row. `accepted` is what freeze and fold last saved of the running total; `settled`
 * counts the increments that Postgres has confirmed. The columns from `applied` on are the tally. A table that an older
 * version made does not have them, and that shard keeps no tally.
 */
export const CREATE_STATE = `create table state (
     one integer primary key check (one = 1), version integer not null, writer text not null,
     next_seq integer not null, accepted integer not null, settled integer not null,
     discarded integer not null,
     ${TALLY_COLUMNS.map(([column]) => `${column} integer not null default 0`).join(', ')})`

export type StateRow = {
  readonly writer: string
  readonly nextSeq: number
  readonly accepted: number
  readonly settled: number
  readonly discarded: number
  /** Null when an older version made the table. */
  readonly tally: Tally | null
}

export function insertState(sql: Sql, writer: string): void {
  sql.run(
    `insert into state (one, version, writer, next_seq, accepted, settled, discarded)
     values (1, ?, ?, 1, 0, 0, 0)`,
    SCHEMA_VERSION,
    writer,
  )
}

/** @throws UnknownVersion when a later version of the code made these tables. */
export function readState(sql: Sql): StateRow {
  const [row] = sql.run('select * from state')
  if (row?.['version'] !== SCHEMA_VERSION) throw new UnknownVersion('a shard of another schema version')
  return {
    writer: text(row, 'writer'),
    nextSeq: integer(row, 'next_seq'),
    accepted: integer(row, 'accepted'),
    settled: integer(row, 'settled'),
    discarded: integer(row, 'discarded'),
    tally: readTally(row),
  }
}

function readTally(row: Row): Tally | null {
  if (!(OUTCOMES[0] in row)) return null
  return Object.fromEntries(TALLY_COLUMNS.map(([column, field]) => [field, integer(row, column)])) as Tally
}

/** Writes all of it, in one statement, because each that touches the row is billed as a row written. */
export function saveState(sql: Sql, state: StateRow): void {
  const { writer, nextSeq, accepted, settled, discarded, tally } = state
  sql.run(
    `update state set writer = ?, next_seq = ?, accepted = ?, settled = ?, discarded = ?${tally === null ? '' : SET_TALLY}`,
    writer,
    nextSeq,
    accepted,
    settled,
    discarded,
    ...(tally === null ? [] : TALLY_COLUMNS.map(([, field]) => tally[field])),
  )
}
