import type pg from 'pg'
import { withoutLines } from '../../support/log-lines.ts'
import { keyOf, type PacedReport } from '../paced/pacer.ts'
import type { CountedKeys } from '../paced/phase.ts'

/** Increments in Postgres beside those that were acknowledged, key by key. */
export type OutageAudit = {
  readonly keys: number
  readonly acknowledged: number
  /** Increments that may have been counted without an acknowledgement. */
  readonly unknown: number
  readonly inPostgres: number
  /** The first few keys whose count or sum is not what it must be. */
  readonly faults: readonly string[]
}

const FAULTS_KEPT = 10

type Row = { readonly sum: number; readonly count: number }

export async function audit(pool: pg.Pool, report: PacedReport, keyBytes: number): Promise<OutageAudit> {
  const { rows } = await pool.query<{ key: string; sum: string; count: string }>(
    'select key, sum(sum) as sum, sum(count) as count from sumdial.counters group by key',
  )
  const found = new Map(rows.map(({ key, sum, count }) => [key, { sum: Number(sum), count: Number(count) }]))
  const inPostgres = found.values().reduce((all, { count }) => all + count, 0)
  const { acknowledged, unknown } = report
  const faults: string[] = []
  let keys = 0
  for (let n = 0; n < Math.max(acknowledged.counts.length, unknown.counts.length); n++) {
    const [least, more] = [at(acknowledged, n), at(unknown, n)]
    const key = keyOf(n, keyBytes)
    const row = found.get(key) ?? { sum: 0, count: 0 }
    found.delete(key)
    if (row.count > 0) keys++
    if (!isWithin(row, least, more)) faults.push(`${key}: acknowledged ${show(least)}, found ${show(row)}`)
  }
  for (const key of found.keys()) faults.push(`${key}: was never sent`)
  return {
    keys,
    acknowledged: total(acknowledged),
    unknown: total(unknown),
    inPostgres,
    faults: faults.slice(0, FAULTS_KEPT),
  }
}

function isWithin(row: Row, least: Row, more: Row): boolean {
  const isSum = row.sum >= least.sum && row.sum <= least.sum + more.sum
  return isSum && row.count >= least.count && row.count <= least.count + more.count
}

/** Both columns are as long as the highest number so far needed, so a higher one was never counted. */
function at({ sums, counts }: CountedKeys, n: number): Row {
  return { sum: sums[n] ?? 0, count: counts[n] ?? 0 }
}

function show({ sum, count }: Row): string {
  return `${count} increments of ${sum}`
}

function total({ counts }: CountedKeys): number {
  return counts.reduce((all, count) => all + count, 0)
}

/** Everything that workerd has written over all its starts. */
export type OutageLog = {
  /** From when Postgres goes away until the backlog is in it. */
  readonly away: string
  /** Before and after that. */
  readonly calm: string
}

/** A connection that broke, in workerd's own words. */
const DISCONNECTED = /^workerd\/\S+ info: exception = \S+ disconnected: .*\nstack: .*\n/gm

/** Lines that no outage explains. The load looks at each answer itself, so refusals for want of room are left out. */
export function unexpectedIn({ away, calm }: OutageLog): string[] {
  const isAmbiguous = (line: string) => line.includes("\n  outcome: 'ambiguous',\n")
  const waitedOut = withoutLines(away, ['flush failed', 'seal failed', 'cut'], isAmbiguous)
  const unexplained = waitedOut.replaceAll(DISCONNECTED, '')
  return [unexplained, calm].map((log) => withoutLines(log, ['not all counted'])).filter((log) => log !== '')
}
