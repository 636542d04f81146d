import { must } from '../model/assert.ts'
import { clearOf } from '../model/flush/recut.ts'
import type { FlushOutcome } from '../model/status.ts'
import { tallyBatch } from '../model/status.ts'
import type { Memory } from './memory.ts'
import type { Sql } from './sql.ts'
import { saveState } from './state.ts'
import * as tables from './tables.ts'

/** The store's steps after the answer to a batch. Each is one transaction, and memory changes after it. */

/** Forgets a batch that Postgres has confirmed. [F3] */
export function settle(sql: Sql, memory: Memory, seq: number, ms: number): void {
  const { frozen, state } = memory
  const batch = must(
    frozen.find((b) => b.seq === seq),
    `the frozen batch ${seq}`,
  )
  const tally = state.tally === null ? null : tallyBatch(state.tally, 'applied', ms)
  const next = { ...state, settled: state.settled + batch.increments, tally }
  sql.transaction(() => {
    tables.deleteBatch(sql, seq)
    saveState(sql, next)
  })
  memory.frozen = clearOf([batch], frozen).filter((each) => each.seq !== seq)
  memory.state = next
}

/** Counts a batch that Postgres has not confirmed. */
export function tallyFailure(
  sql: Sql,
  memory: Memory,
  outcome: Exclude<FlushOutcome, 'applied'>,
  ms: number,
): void {
  const { state } = memory
  if (state.tally === null) return
  const next = { ...state, tally: tallyBatch(state.tally, outcome, ms) }
  sql.transaction(() => saveState(sql, next))
  memory.state = next
}
