import { bundle } from '../support/bundled.ts'
import { BENCH, type Host } from './contenders/host.ts'
import { billedBy } from './cost/billed.ts'
import type { Line } from './lines.ts'
import { applyLoad, type Load } from './load.ts'
import type { Workload } from './rounds.ts'
import { table } from './table.ts'
import { WORKLOADS } from './workloads.ts'

/** Rows that shards have written for what they counted, as SQLite reports them. */
export type Written = {
  readonly increments: number
  readonly journalRows: number
  /** The journal's, those of batches and state, and one for each alarm that is set. */
  readonly allRows: number
}

export type Rows = Written & {
  readonly what: string
  /** Journal rows for an increment, at most. */
  readonly atMost: number
}

type Case = {
  readonly what: string
  readonly workload: Workload
  readonly isolates: number
  readonly callMs: number
  readonly atMost: number
}

const { single256, array1000 } = WORKLOADS

/** How long a call takes to a shard in a location nearby; on one machine it takes none, and flights are smaller. */
const NEARBY_MS = 5

const singles = (what: string, isolates: number, callMs: number, atMost: number): Case => ({
  what,
  workload: single256,
  isolates,
  callMs,
  atMost,
})

const CASES: readonly Case[] = [
  singles('singles', 1, 0, 0.02),
  singles(`singles, ${NEARBY_MS} ms to the shard`, 1, NEARBY_MS, 0.02),
  singles('singles, 8 isolates', 8, 0, 0.1),
  singles(`singles, 8 isolates, ${NEARBY_MS} ms to the shard`, 8, NEARBY_MS, 0.1),
  { what: 'arrays of 1,000', workload: array1000, isolates: 1, callMs: 0, atMost: 0.001 },
]

export const ROW_CASES = CASES.length

/** In turns of their own, for to count is work too: the speed of what is counted here is not measured. */
export async function countRows(
  host: Host,
  seconds: number,
  progress: (text: string) => void,
): Promise<Rows[]> {
  const count = await rowCounter(host)
  const all: Rows[] = []
  for (const { what, workload, isolates, callMs, atMost } of CASES) {
    progress(`rows written: ${what}`)
    all.push({ what, atMost, ...(await count({ isolates, callMs }, { ...workload, seconds })) })
  }
  return all
}

/** @returns what has a Worker of its own count, and counts what its shards write meanwhile. */
export async function rowCounter(host: Host) {
  const script = await bundle(`${BENCH}/counting-worker.ts`)
  return async ({ isolates, callMs }: Pick<Case, 'isolates' | 'callMs'>, load: Omit<Load, 'urls'>) => {
    const { url, urls, stop } = await host.worker(script, { isolates, vars: { CALL_MS: String(callMs) } })
    const { requests: _, ...warmUp } = load
    await applyLoad({ ...warmUp, urls, seconds: 1 })
    const before = await billedBy(url)
    const { accepted } = await applyLoad({ ...load, urls })
    const after = await billedBy(url)
    await stop()
    const written: Written = {
      increments: accepted * load.items,
      journalRows: after.journalRows - before.journalRows,
      allRows: after.rowsWritten - before.rowsWritten,
    }
    return written
  }
}

export function rowLines(all: readonly Rows[]): Line[] {
  return all.map(({ what, increments, journalRows, atMost }) => ({
    what: `journal rows for an increment: ${what}`,
    value: perIncrement(journalRows, increments),
    wanted: `<= ${atMost}`,
    isReached: journalRows / increments <= atMost,
  }))
}

export function describeRows(all: readonly Rows[]): string {
  const rows = all.map(({ what, increments, journalRows, allRows }) => [
    what,
    increments.toLocaleString('en'),
    perIncrement(journalRows, increments),
    perIncrement(allRows, increments),
  ])
  return table(['rows written by shards', 'increments', 'journal rows each', 'all rows each'], rows)
}

export function perIncrement(rows: number, increments: number): string {
  return (rows / increments).toFixed(5)
}
