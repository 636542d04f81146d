import { bundle } from '../../support/bundled.ts'
import { billedBy } from '../cost/billed.ts'
import { applyLoad } from '../load.ts'
import type { Workload } from '../rounds.ts'
import type { Outcome, Progress } from '../scenario.ts'
import { type Stand, startWorker } from '../stand.ts'
import { number, table } from '../table.ts'
import { CONTENDERS } from './contenders.ts'
import { WORKLOADS } from './workloads.ts'

export const ROWS = 'rows written'

type Case = {
  readonly what: string
  readonly workload: Workload
  readonly isolates: number
  /** How long a call takes to its shard. */
  readonly callMs: number
  /** Journal rows for an increment. */
  readonly atMost: number
}

/** Rows that shards have written for what they counted, as SQLite reports them. */
type Written = {
  readonly increments: number
  readonly journalRows: number
  /** Rows of the journal, of batches and of the state, and one for each alarm that is set. */
  readonly allRows: number
}

const { single256, array1000 } = WORKLOADS

/** A call to a shard in a location nearby takes so long. On one machine it takes no time, so flights are smaller. */
const NEARBY_MS = 5

const singles = (what: string, isolates: number, callMs: number, atMost: number): Case => ({
  ...{ what, workload: single256, isolates, callMs, atMost },
})

const CASES: readonly Case[] = [
  singles('singles', 1, 0, 0.02),
  singles(`singles, ${NEARBY_MS} ms to the shard`, 1, NEARBY_MS, 0.02),
  singles('singles, 8 isolates', 8, 0, 0.1),
  singles(`singles, 8 isolates, ${NEARBY_MS} ms to the shard`, 8, NEARBY_MS, 0.1),
  { what: 'arrays of 1,000', workload: array1000, isolates: 1, callMs: 0, atMost: 0.001 },
]

/** Counts rows in turns of their own, because counting is work too: their speed is not measured. */
export async function countRows(
  stand: Stand,
  stack: AsyncDisposableStack,
  seconds: number,
  progress: Progress,
): Promise<Outcome> {
  const script = await bundle(`${CONTENDERS}/counting-worker.ts`)
  const rows: (Case & Written)[] = []
  for (const each of CASES) {
    progress(`${ROWS}: ${each.what}`)
    const { isolates, callMs, workload } = each
    const { endpoint } = await stand.database()
    const vars = { CALL_MS: String(callMs) }
    const { url, urls, stop } = await startWorker(stack, endpoint, { script, isolates, vars })
    await applyLoad({ ...workload, urls, seconds: 1 })
    const before = await billedBy(url)
    const { accepted } = await applyLoad({ ...workload, urls, seconds })
    const after = await billedBy(url)
    await stop()
    rows.push({
      ...each,
      increments: accepted * workload.items,
      journalRows: after.journalRows - before.journalRows,
      allRows: after.rowsWritten - before.rowsWritten,
    })
  }
  return { tables: [describe(rows)], aims: rows.map(aimOf), figures: rows, faults: [] }
}

function aimOf({ what, increments, journalRows, atMost }: Case & Written) {
  return {
    what: `journal rows for an increment: ${what}`,
    value: perIncrement(journalRows, increments),
    wanted: `<= ${atMost}`,
    isReached: journalRows / increments <= atMost,
  }
}

function describe(all: readonly (Case & Written)[]): string {
  const rows = all.map(({ what, increments, journalRows, allRows }) => [
    what,
    number(increments),
    perIncrement(journalRows, increments),
    perIncrement(allRows, increments),
  ])
  return table(['rows written by shards', 'increments', 'journal rows each', 'all rows each'], rows)
}

function perIncrement(rows: number, increments: number): string {
  return (rows / increments).toFixed(5)
}
