import {
  abortAllDurableObjects,
  createExecutionContext,
  listDurableObjectIds,
  runDurableObjectAlarm,
  runInDurableObject,
} from 'cloudflare:test'
import { env as bindings, exports } from 'cloudflare:workers'
import { neon, neonConfig } from '@neondatabase/serverless'
import { expect, inject, vi } from 'vitest'
import worker, { type Env, type Shard } from '../../src/index.ts'
import type { KeyedCell } from '../../src/model/cell.ts'
import { Cells } from '../../src/model/cells.ts'
import { encodeFlight } from '../../src/model/flight.ts'
import type { Hour } from '../../src/model/hour.ts'
import { addHours, formatHour, formatHourStart, hourOf } from '../../src/model/hour.ts'

export { clock } from '../../src/clock.ts'

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
export async function count(item: { key: string; value?: number; at?: string }): Promise<void> {
  const response = await post(item)
  expect({ status: response.status, body: await response.json() }).toEqual({
    status: 202,
    body: { accepted: 1, duplicates: 0, conflicts: [] },
  })
}

export type OwnShard = {
  /** A time in the shard's hour. */
  readonly at: string
  /** `2026-11-21T20Z` */
  readonly hour: string
  readonly name: string
  readonly stub: DurableObjectStub<Shard>
}

/** The hour in which this file's tests began. They all go by it, so that nothing changes when the hour turns meanwhile. */
export let HOUR = hourOf(Date.now())

/** The running hour and the one before belong to nobody alone. */
const HOURS_SHARED = 2

let hoursTaken = HOURS_SHARED

/** Files share one workerd and one database. What one of them has left is gone before the next is imported. */
export async function beginAnew(): Promise<void> {
  await faults.clear()
  await deleteShards()
  await query('select public.begin_anew()', [])
  HOUR = hourOf(Date.now())
  hoursTaken = HOURS_SHARED
}

/**
 * The plugin's `reset` leaves the storage of objects that do not run, such as evicted ones, and takes 15 ms for each that is
 * empty already.
 */
async function deleteShards(): Promise<void> {
  const ids = await listDurableObjectIds(env.SHARD)
  await Promise.all(
    ids.map((id) => runInDurableObject(env.SHARD.get(id), (_, { storage }) => empty(storage))),
  )
  await abortAllDurableObjects()
}

async function empty(storage: DurableObjectStorage): Promise<void> {
  const tables = storage.sql.exec(`select name from sqlite_master where name not like '\\_cf%' escape '\\'`)
  if (tables.toArray().length > 0 || (await storage.getAlarm()) !== null) await storage.deleteAll()
}

/** A shard that no other test of the file uses: an older hour, which is still open. */
export function ownShard(): OwnShard {
  return shardOf(addHours(HOUR, -hoursTaken++))
}

/** The shard of the running hour: what belongs in it is counted with its `at`. */
export function currentShard(): OwnShard {
  return shardOf(HOUR)
}

export function shardOf(hour: Hour): OwnShard {
  const name = `${formatHour(hour)}/0`
  return { at: formatHourStart(hour), hour: formatHour(hour), name, stub: env.SHARD.getByName(name) }
}

/** A key that no other test uses. */
export function freshKey(): string {
  return `test/${crypto.randomUUID()}`
}

/** A flight as an isolate would send it. */
export function flight(sender: string, n: number, cells: KeyedCell[]): string {
  return encodeFlight({ sender, n }, Cells.of(cells))
}

/** Rings the shard's alarm now; answers whether one was armed. */
export function ring(shard: OwnShard): Promise<boolean> {
  return runDurableObjectAlarm(shard.stub)
}

/** Rings until Postgres has everything of the shard: as time would, but without its intervals. */
export async function drained(shard: OwnShard): Promise<void> {
  await vi.waitFor(async () => {
    await ring(shard)
    const { open, frozen } = await shard.stub.status()
    expect([open.increments, frozen.increments]).toEqual([0, 0])
  }, WAIT)
}

export const WAIT = { timeout: 30_000, interval: 50 }

/**
 * The Worker's answer once so many milliseconds have passed on its clock, when somebody whom it asks does not answer.
 * They pass as soon as it waits. The handler is called directly, because timers of a test ring in its own context.
 */
export async function answeredWithin(ms: number, path: string): Promise<Response> {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  try {
    const request = new Request(`http://sumdial.test${path}`)
    const answer = worker.fetch(request as never, env, createExecutionContext())
    await vi.waitUntil(() => vi.getTimerCount() > 0)
    await vi.advanceTimersByTimeAsync(ms)
    return await answer
  } finally {
    vi.useRealTimers()
  }
}

/** Runs one statement on the Postgres behind the endpoint. */
export async function query(text: string, params: unknown[]): Promise<Record<string, unknown>[]> {
  neonConfig.fetchEndpoint = env.NEON_FETCH_ENDPOINT
  return neon(env.DATABASE_URL).query(text, params)
}

/** Postgres's row of a key, numbers as it prints them; undefined when there is none. */
export async function rowOf(key: string): Promise<{ sum: string; count: string } | undefined> {
  const text = 'select sum::text as sum, count::text as count from sumdial.counters where key = $1'
  const [row] = await query(text, [key])
  return row as { sum: string; count: string } | undefined
}

type Fault = {
  kind: string
  match?: string
  times?: number | null
  ms?: number
  code?: string
  afterMs?: number
}

const faultsUrl = (path = '/') => new URL(path, inject('faultControl'))

/** Faults between the Worker and Postgres. Unless a fault names a text, it meets only the statement of a flush. */
export const faults = {
  inject: async (fault: Fault) => {
    const body = JSON.stringify({ match: 'claim as', ...fault })
    expect((await fetch(faultsUrl(), { method: 'POST', body })).status).toBe(200)
  },
  clear: async () => {
    await fetch(faultsUrl(), { method: 'DELETE' })
  },
  release: async () => {
    expect((await fetch(faultsUrl('/release'), { method: 'POST' })).status).toBe(200)
  },
  /** Statements that reached Postgres since the faults were last cleared. */
  statements: async () => ((await (await fetch(faultsUrl())).json()) as { log: unknown[] }).log,
}
