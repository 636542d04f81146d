import { must } from '../model/assert.ts'
import { utf8Bytes } from '../model/text/utf8.ts'
import type { ShardLimits } from './bounds.ts'
import { encodePieces } from './journal.ts'
import type { Memory } from './memory.ts'
import type { Sql } from './sql.ts'
import { saveState } from './state.ts'
import * as tables from './tables.ts'

/** Whether the journal has outgrown what it adds up to, in bytes or in rows. Either would lengthen a replay. [I5] */
export function isUnfolded({ unfoldedBytes, unfoldedFlights, open }: Memory, limits: ShardLimits): boolean {
  return unfoldedFlights >= limits.foldFlights || unfoldedBytes > Math.max(limits.foldBytes, open.bytes)
}

/**
 * Writes the open cells in place of the flights that they came from, so that an outage does not grow the journal. One
 * transaction, and memory after it.
 */
export function fold(sql: Sql, memory: Memory, limits: ShardLimits, nowMs: number): void {
  const { open, state, openSinceMs } = memory
  const sinceMs = openSinceMs ?? nowMs
  let journalBytes = 0
  sql.transaction(() => {
    tables.clearJournal(sql, memory.unfoldedFlights)
    for (const flight of encodePieces(null, open, limits.rowBytes)) {
      tables.appendJournal(sql, { accepted: state.accepted, sinceMs, flight })
      journalBytes += utf8Bytes(flight)
    }
    saveSenders(sql, memory)
    saveState(sql, state)
  })
  memory.unsavedSenders = new Set()
  memory.journalBytes = journalBytes
  memory.unfoldedBytes = 0
  memory.unfoldedFlights = 0
}

/** Writes the last n of the senders whose flights are about to leave the journal. */
export function saveSenders(sql: Sql, { senders, unsavedSenders }: Memory): void {
  for (const sender of unsavedSenders) {
    tables.saveSender(sql, sender, must(senders.get(sender), 'the last n of a sender'))
  }
}
