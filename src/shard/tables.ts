import type { FlightName, KnownId, NamedEntry } from '../model/entry.ts'
import type { Moved } from '../model/status.ts'
import type { Sql } from './sql.ts'
import { integer, text } from './sql.ts'
import { CREATE_STATE, insertState } from './state.ts'

/**
 * The shard's tables, and every SQL text over them but those of `state`. docs/storage.md documents them.
 *
 * - `journal`: a row for each flight or group of flights, or piece of a fold, in the order of arrival. It has no index but
 *   its integer key, because each would cost another row written. `accepted` is the running total of increments after the row.
 * - `batches`: frozen cells, until Postgres has confirmed them.
 * - `parked`: cells that Postgres refused because of what is in them, until an administrator retries or discards them.
 * - `ids`: one row for each named entry that was accepted, with the flight that brought it. Kept until the shard retires.
 * - `senders`: the last n of each sender whose flights have left the journal.
 * - `moved`: one row, when and why the shard last moved to another writer. The first move makes the table, so that it costs
 *   nothing before, and so that tables of an older version get it too.
 */
const CREATE_JOURNAL = `create table journal (
     row integer primary key, accepted integer not null, since integer not null, flight text not null)`

const CREATE = [
  CREATE_STATE,
  CREATE_JOURNAL,
  `create table batches (
     seq integer primary key, id text not null, since integer not null, cells text not null)`,
  `create table parked (
     key text primary key, since integer not null, reason text not null, cell text not null) without rowid`,
  `create table ids (
     id text primary key, content text not null, sender text not null, n integer not null) without rowid`,
  'create table senders (sender text primary key, n integer not null) without rowid',
]

export function createTables(sql: Sql, writer: string): void {
  for (const statement of CREATE) sql.run(statement)
  insertState(sql, writer)
}

export function hasTables(sql: Sql): boolean {
  return hasTable(sql, 'state')
}

function hasTable(sql: Sql, name: string): boolean {
  return sql.run(`select 1 as one from sqlite_master where type = 'table' and name = ?`, name).length > 0
}

export type JournalRow = { readonly accepted: number; readonly sinceMs: number; readonly flight: string }

export function appendJournal(sql: Sql, row: JournalRow): void {
  sql.run(
    'insert into journal (accepted, since, flight) values (?, ?, ?)',
    row.accepted,
    row.sinceMs,
    row.flight,
  )
}

/**
 * Reads the journal in the order of arrival, one row at a time: all rows at once would not fit beside what they add up
 * to.
 */
export function* readJournal(sql: Sql): Generator<JournalRow> {
  for (let last = 0; ; ) {
    const [row] = sql.run(
      'select row, accepted, since, flight from journal where row > ? order by row limit 1',
      last,
    )
    if (row === undefined) return
    last = integer(row, 'row')
    yield { accepted: integer(row, 'accepted'), sinceMs: integer(row, 'since'), flight: text(row, 'flight') }
  }
}

/** A journal of so few rows is emptied by deleting them, each of which is billed as a row written. */
const DELETED_ROWS_MAX = 2

/**
 * Empties the journal. A table that is dropped costs nothing, whatever it holds, and one that is made costs two rows
 * written. Source: what SQLite reports as written, which is what the platform bills.
 *
 * @param rows how many it has; a guess will do.
 */
export function clearJournal(sql: Sql, rows: number): void {
  if (rows <= DELETED_ROWS_MAX) {
    sql.run('delete from journal')
    return
  }
  sql.run('drop table journal')
  sql.run(CREATE_JOURNAL)
}

export type BatchRow = {
  readonly seq: number
  readonly id: string
  readonly sinceMs: number
  readonly cells: string
}

export function insertBatch(sql: Sql, batch: BatchRow): void {
  sql.run(
    'insert into batches (seq, id, since, cells) values (?, ?, ?, ?)',
    batch.seq,
    batch.id,
    batch.sinceMs,
    batch.cells,
  )
}

/** Reads batches in the order of their seqs, one at a time. */
export function* readBatches(sql: Sql): Generator<BatchRow> {
  for (let last = 0; ; ) {
    const [row] = sql.run(
      'select seq, id, since, cells from batches where seq > ? order by seq limit 1',
      last,
    )
    if (row === undefined) return
    last = integer(row, 'seq')
    yield { seq: last, id: text(row, 'id'), sinceMs: integer(row, 'since'), cells: text(row, 'cells') }
  }
}

export function clearBatches(sql: Sql): void {
  sql.run('delete from batches')
}

export function deleteBatch(sql: Sql, seq: number): void {
  sql.run('delete from batches where seq = ?', seq)
}

export type ParkedRow = {
  readonly key: string
  readonly sinceMs: number
  readonly reason: string
  /** A nameless flight of this one cell. */
  readonly cell: string
}

export function saveParkedRow(sql: Sql, row: ParkedRow): void {
  sql.run(
    `insert into parked (key, since, reason, cell) values (?, ?, ?, ?)
     on conflict (key) do update set reason = excluded.reason, cell = excluded.cell`,
    row.key,
    row.sinceMs,
    row.reason,
    row.cell,
  )
}

export function readParked(sql: Sql): ParkedRow[] {
  return sql.run('select key, since, reason, cell from parked').map((row) => ({
    key: text(row, 'key'),
    sinceMs: integer(row, 'since'),
    reason: text(row, 'reason'),
    cell: text(row, 'cell'),
  }))
}

export function deleteParked(sql: Sql, key: string): void {
  sql.run('delete from parked where key = ?', key)
}

export function saveMoved(sql: Sql, { atMs, reason }: Moved): void {
  sql.run(
    `create table if not exists moved (
     one integer primary key check (one = 1), at integer not null, reason text not null)`,
  )
  sql.run(
    `insert into moved (one, at, reason) values (1, ?, ?)
     on conflict (one) do update set at = excluded.at, reason = excluded.reason`,
    atMs,
    reason,
  )
}

/** @returns null when the shard has not moved, or only by code that did not keep it. */
export function readMoved(sql: Sql): Moved | null {
  if (!hasTable(sql, 'moved')) return null
  const [row] = sql.run('select at, reason from moved')
  return row === undefined ? null : { atMs: integer(row, 'at'), reason: text(row, 'reason') }
}

/** Ids in one statement. A value holds at most 2 MB, and an id with its key takes 600 bytes. */
const IDS_AT_ONCE = 1_000

export function findIds(sql: Sql, ids: readonly string[]): Map<string, KnownId> {
  const found = new Map<string, KnownId>()
  for (let from = 0; from < ids.length; from += IDS_AT_ONCE) {
    const rows = sql.run(
      'select id, content, sender, n from ids where id in (select value from json_each(?))',
      JSON.stringify(ids.slice(from, from + IDS_AT_ONCE)),
    )
    for (const row of rows) {
      const flight = { sender: text(row, 'sender'), n: integer(row, 'n') }
      found.set(text(row, 'id'), { content: text(row, 'content'), flight })
    }
  }
  return found
}

export function insertIds(sql: Sql, entries: readonly NamedEntry[], flight: FlightName): void {
  for (let from = 0; from < entries.length; from += IDS_AT_ONCE) {
    const some = entries.slice(from, from + IDS_AT_ONCE).map(({ id, content }) => [id, content])
    sql.run(
      `insert into ids (id, content, sender, n)
       select value ->> 0, value ->> 1, ?, ? from json_each(?)`,
      flight.sender,
      flight.n,
      JSON.stringify(some),
    )
  }
}

export function countIds(sql: Sql): number {
  const [row] = sql.run('select count(*) as ids from ids')
  return row === undefined ? 0 : integer(row, 'ids')
}

export function saveSender(sql: Sql, sender: string, n: number): void {
  sql.run(
    'insert into senders (sender, n) values (?, ?) on conflict (sender) do update set n = excluded.n',
    sender,
    n,
  )
}

export function readSenders(sql: Sql): Map<string, number> {
  const rows = sql.run('select sender, n from senders')
  return new Map(rows.map((row) => [text(row, 'sender'), integer(row, 'n')]))
}
