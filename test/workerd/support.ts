import { runDurableObjectAlarm } from 'cloudflare:test'
import { env as bindings, exports } from 'cloudflare:workers'
import { neon } from '@neondatabase/serverless'
import { expect } from 'vitest'
import type { Env, Shard } from '../../src/index.ts'
import { formatHour, hourOf } from '../../src/model/hour.ts'

type TestEnv = Env & { readonly DATABASE_URL: string; readonly NEON_FETCH_ENDPOINT: string }

export const env = bindings as unknown as TestEnv

/** The Worker, as the outside sees it. */
export function call(path: string, init?: RequestInit): Promise<Response> {
  const worker = (exports as unknown as { default: Fetcher }).default
  return worker.fetch(`http://sumdial.test${path}`, init)
}

export function post(body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return call('/increment', {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
}

/** Counts, and insists on its being acknowledged. */
export async function count(key: string, value = 1, at?: string): Promise<void> {
  const response = await post({ key, value, ...(at === undefined ? {} : { at }) })
  expect({ status: response.status, body: await response.json() }).toEqual({
    status: 202,
    body: { accepted: 1, duplicates: 0, conflicts: [] },
  })
}

/** The shard of the running hour, as wrangler.toml's SHARDS of 1 has it. */
export function currentShard(): DurableObjectStub<Shard> {
  return shardOf(formatHour(hourOf(Date.now())))
}

export function shardOf(hour: string): DurableObjectStub<Shard> {
  return env.SHARD.getByName(`${hour}/0`)
}

/** Rings the shard's alarm now; answers whether one was armed. */
export function ring(shard: DurableObjectStub<Shard>): Promise<boolean> {
  return runDurableObjectAlarm(shard)
}

/** Numbers as text, as Postgres prints them. */
export async function rowOf(key: string): Promise<{ sum: string; count: string } | undefined> {
  const { neonConfig } = await import('@neondatabase/serverless')
  neonConfig.fetchEndpoint = env.NEON_FETCH_ENDPOINT
  const sql = neon(env.DATABASE_URL)
  const rows =
    await sql`select sum::text as sum, count::text as count from sumdial.counters where key = ${key}`
  return rows[0] as { sum: string; count: string } | undefined
}

type Fault = {
  kind: string
  match?: string
  times?: number | null
  ms?: number
  code?: string
  afterMs?: number
}

const faultsUrl = () => new URL('/faults', env.NEON_FETCH_ENDPOINT)

export const faults = {
  inject: async (fault: Fault) => {
    const response = await fetch(faultsUrl(), { method: 'POST', body: JSON.stringify(fault) })
    expect(response.status).toBe(200)
  },
  clear: async () => {
    await fetch(faultsUrl(), { method: 'DELETE' })
  },
  release: async () => {
    await fetch(new URL('/faults/release', env.NEON_FETCH_ENDPOINT), { method: 'POST' })
  },
}

/** A key that no other test uses. */
export function freshKey(): string {
  return `test/${crypto.randomUUID()}`
}

/** The matching of every flush statement, and of nothing else. */
export const FLUSH = 'with claim as'
