import { setTimeout as sleep } from 'node:timers/promises'
import { must } from '../../../src/model/assert.ts'
import { bundle } from '../../support/bundled.ts'
import { settledStatus } from '../../support/status.ts'
import { keyOf } from '../load.ts'
import type { Outcome } from '../scenario.ts'
import { type Database, type Stand, startWorker } from '../stand.ts'
import { number } from '../table.ts'
import { logged } from './contenders.ts'
import { WORKLOADS } from './workloads.ts'

const { name, connections, items } = WORKLOADS.distinct

const KEYS = 1_000_000

export const DISTINCT = `${name}, a million in all`

/**
 * Counts a million keys once each, until all are in Postgres. Sumdial alone: this is about what is counted, and the
 * rounds end before so much is in Postgres.
 */
export async function countDistinct(stand: Stand, stack: AsyncDisposableStack): Promise<Outcome> {
  const database = await stand.database()
  const { url, log } = await startWorker(stack, database.endpoint, { script: await bundle() })
  const startedMs = performance.now()
  const secondsSince = () => (performance.now() - startedMs) / 1000
  let next = 0
  let refused = 0
  const faults: string[] = []
  const send = async () => {
    for (let from = next; from < KEYS; from = next) {
      next += items
      const { refusals, oddity } = await sendUntilAccepted(url, from)
      refused += refusals
      if (oddity !== null) faults.push(`${DISTINCT}: ${oddity}`)
    }
  }
  await Promise.all(Array.from({ length: connections }, send))
  const seconds = secondsSince()
  const { accepted, isConserved } = await settledStatus(url)
  const settledSeconds = secondsSince()
  const { rows, increments } = await look(database)
  faults.push(...logged({ name: DISTINCT, log }))
  if ([accepted, rows, increments].some((each) => each !== KEYS)) {
    faults.push(`${DISTINCT}: ${accepted} accepted, ${rows} rows of ${increments} increments in Postgres`)
  }
  if (!isConserved) faults.push(`${DISTINCT}: the shards' own audit fails`)
  const times = `acknowledged in ${seconds.toFixed(1)} s, in Postgres after ${settledSeconds.toFixed(1)} s`
  const again = `${number(refused)} arrays were answered 503 at the bound and sent again`
  const aim = {
    what: `distinct keys, each counted once and in Postgres; ${again}`,
    value: `${number(rows)}, ${times}`,
    wanted: `>= ${number(KEYS)}`,
    isReached: rows >= KEYS && faults.length === 0,
  }
  const distinct = { refused, seconds, settledSeconds, accepted, rows, increments }
  return { tables: [], aims: [aim], figures: distinct, faults }
}

/**
 * Sends as a client does: again after the time that the answer names, but not where a part may have been counted.
 *
 * @returns how often it was refused, and the answer if it was neither 202 nor a refusal.
 */
async function sendUntilAccepted(
  url: string,
  from: number,
): Promise<{ refusals: number; oddity: string | null }> {
  const body = JSON.stringify(Array.from({ length: items }, (_, i) => ({ key: keyOf(from + i) })))
  const headers = { 'content-type': 'application/json' }
  for (let refusals = 0; ; refusals++) {
    const response = await fetch(`${url}/increment`, { method: 'POST', headers, body })
    const text = await response.text()
    if (response.status === 202) return { refusals, oddity: null }
    const retryAfter = response.headers.get('retry-after')
    if (response.status !== 503 || retryAfter === null) {
      return { refusals, oddity: `${response.status}: ${text.slice(0, 500)}` }
    }
    await sleep(Number(retryAfter) * 1000)
  }
}

async function look({ pool }: Database): Promise<{ rows: number; increments: number }> {
  const { rows } = await pool.query<{ rows: number; increments: number }>(
    'select count(*)::int as rows, coalesce(sum(count), 0)::int as increments from sumdial.counters',
  )
  return must(rows[0], 'the row of an aggregate')
}
