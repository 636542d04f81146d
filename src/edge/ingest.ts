import type { Config } from '../config.ts'
import type { Increment } from '../model/increment.ts'
import { parseIdempotencyKey, parseIncrements } from '../model/increment.ts'
import type { Problem } from '../model/problem.ts'
import { readItems } from './body.ts'
import type { Coalescer } from './coalescer.ts'
import type { Landing } from './line.ts'
import { type Ingested, summarise } from './outcome.ts'
import type { RequestName } from './route.ts'
import { splitByShard } from './route.ts'

export type IngestServices = {
  readonly config: Pick<Config, 'shards' | 'lateHours'>
  readonly coalescer: Coalescer
  readonly nowMs: number
  readonly keepAlive: (turn: Promise<unknown>) => void
}

/** `POST /increment`: reads, checks, routes and sends; answers when every part is durable or known not to be. */
export async function ingest(request: Request, services: IngestServices): Promise<Ingested | Problem> {
  const { nowMs, config, coalescer, keepAlive } = services
  const key = parseIdempotencyKey(request.headers.get('idempotency-key'))
  if (typeof key === 'object') return key
  const items = await readItems(request)
  if ('kind' in items) return items
  const increments = parseIncrements(items, { nowMs, lateHours: config.lateHours, idempotencyKey: key })
  if ('errors' in increments) return { kind: 'invalid_increments', errors: increments.errors }
  const name = key === undefined ? undefined : await nameRequest(key, increments)
  const parts = splitByShard(increments, config.shards, name)
  const landings = await Promise.all(
    parts.map(
      ({ shard, cells, named }): Promise<Landing> => coalescer.submit(shard, cells, keepAlive, named),
    ),
  )
  const isNamed = name !== undefined || increments.every(({ id }) => id !== undefined)
  return summarise(parts, landings, increments.length, isNamed)
}

/** The same increments in any order are the same content. */
async function nameRequest(key: string, increments: readonly Increment[]): Promise<RequestName> {
  const lines = increments.map(({ key: k, value, hour }) => `${k}\n${value}\n${hour}`).sort()
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(lines.join('\n')))
  return { key, content: new Uint8Array(digest).slice(0, 16).toHex() }
}
