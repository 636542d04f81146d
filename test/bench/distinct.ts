import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { bundle } from '../support/bundled.ts'
import { settledStatus } from '../support/status.ts'
import type { Host } from './contenders/host.ts'
import { logged } from './contenders.ts'
import type { Line } from './lines.ts'
import { keyOf } from './load.ts'
import { WORKLOADS } from './workloads.ts'

/** What became of keys that are each counted once, as many as are wanted and no more. */
export type Distinct = {
  /** Requests answered 503, each of which was sent again. */
  readonly refused: number
  /** Until the last was acknowledged, and until Postgres had all. */
  readonly seconds: number
  readonly settledSeconds: number
  /** What the shards say that they have taken; and rows and increments in Postgres. */
  readonly accepted: number
  readonly rows: number
  readonly increments: number
  readonly faults: readonly string[]
}

const { name, connections, items } = WORKLOADS.distinct

const KEYS = 1_000_000

export const DISTINCT = `${name}, a million in all`

/** Sumdial alone, on a database of its own: it is about what is counted, and rounds end before so much is in Postgres. */
export async function countDistinct(host: Host): Promise<Distinct> {
  const database = await host.database()
  const { url, log } = await host.worker(await bundle(), { endpoint: await host.endpoint(database) })
  const startedMs = performance.now()
  const seconds = () => (performance.now() - startedMs) / 1000
  let next = 0
  let refused = 0
  const faults: string[] = []
  const send = async () => {
    for (let from = next; from < KEYS; from = next) {
      next += items
      const { refusals, oddity } = await sendUntilAccepted(url, from)
      refused += refusals
      if (oddity !== undefined) faults.push(`${DISTINCT}: ${oddity}`)
    }
  }
  await Promise.all(Array.from({ length: connections }, send))
  const acknowledgedSeconds = seconds()
  const { accepted, isConserved } = await settledStatus(url)
  const settledSeconds = seconds()
  const { rows, increments } = await look(database)
  if ([accepted, rows, increments].some((each) => each !== KEYS)) {
    faults.push(`${DISTINCT}: ${accepted} accepted, ${rows} rows of ${increments} increments in Postgres`)
  }
  if (!isConserved) faults.push(`${DISTINCT}: the shards' own audit fails`)
  faults.push(...logged({ name: DISTINCT, log }))
  return { refused, seconds: acknowledgedSeconds, settledSeconds, accepted, rows, increments, faults }
}

/** As a client does: what is refused is sent again when the answer says, but not where some of it may have been counted. */
async function sendUntilAccepted(url: string, from: number): Promise<{ refusals: number; oddity?: string }> {
  const body = JSON.stringify(Array.from({ length: items }, (_, i) => ({ key: keyOf(from + i) })))
  const headers = { 'content-type': 'application/json' }
  for (let refusals = 0; ; refusals++) {
    const response = await fetch(`${url}/increment`, { method: 'POST', headers, body })
    const text = await response.text()
    if (response.status === 202) return { refusals }
    const retryAfter = response.headers.get('retry-after')
    if (response.status !== 503 || retryAfter === null) {
      return { refusals, oddity: `${response.status}: ${text.slice(0, 500)}` }
    }
    await sleep(Number(retryAfter) * 1000)
  }
}

async function look(database: string): Promise<{ rows: number; increments: number }> {
  const client = new pg.Client(database)
  await client.connect()
  try {
    const { rows } = await client.query<{ rows: number; increments: number }>(
      'select count(*)::int as rows, coalesce(sum(count), 0)::int as increments from sumdial.counters',
    )
    return rows[0] ?? { rows: 0, increments: 0 }
  } finally {
    await client.end()
  }
}

export function distinctLines({ refused, rows, seconds, settledSeconds, faults }: Distinct): Line[] {
  const times = `acknowledged in ${seconds.toFixed(1)} s, in Postgres after ${settledSeconds.toFixed(1)} s`
  const again = `${refused.toLocaleString('en')} arrays were answered 503 at the bound and sent again`
  return [
    {
      what: `distinct keys, each counted once and in Postgres; ${again}`,
      value: `${rows.toLocaleString('en')}, ${times}`,
      wanted: `>= ${KEYS.toLocaleString('en')}`,
      isReached: rows >= KEYS && faults.length === 0,
    },
  ]
}
