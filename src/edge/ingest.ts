import type { Config } from '../config.ts'
import { REQUEST_ITEMS_MAX } from '../limits.ts'
import { log } from '../log.ts'
import type { Increment } from '../model/increment.ts'
import { parseIncrements } from '../model/increment.ts'
import type { Problem } from '../model/problem.ts'
import type { Grant } from '../model/token.ts'
import { refuseOutside } from './access.ts'
import type { Coalescer } from './coalescer.ts'
import { tellNotCounted } from './ingest-log.ts'
import type { Landing } from './line.ts'
import { type Ingested, summarise } from './outcome.ts'
import type { RequestName } from './route.ts'
import { splitByShard } from './route.ts'

export type IngestServices = {
  readonly config: Pick<Config, 'shards' | 'lateHours'>
  readonly coalescer: Coalescer
  readonly grant: Grant
  readonly nowMs: number
  readonly keepAlive: (turn: Promise<unknown>) => void
}

/** What is asked to be counted: items that nobody has checked, and the name of all together, well-formed. */
export type AskedIncrements = {
  readonly items: readonly unknown[]
  readonly idempotencyKey: string | undefined
}

/** Checks, routes and sends; answers when every part is durable or known not to be. */
export async function ingest(asked: AskedIncrements, services: IngestServices): Promise<Ingested | Problem> {
  const { config, coalescer, keepAlive } = services
  const checked = await check(asked, services)
  if ('kind' in checked) return checked
  const { increments, name } = checked
  const parts = splitByShard(increments, config.shards, name)
  const landings = await Promise.all(
    parts.map(
      ({ shard, unnamed, named }): Promise<Landing> => coalescer.submit(shard, unnamed, keepAlive, named),
    ),
  )
  const isNamed = name !== undefined || increments.every(({ id }) => id !== undefined)
  const summary = summarise(parts, landings, increments.length, isNamed)
  if ('kind' in summary && summary.kind === 'not_all_counted') {
    log(tellNotCounted(parts, landings, increments.length, summary))
  }
  return summary
}

type Checked = { readonly increments: readonly Increment[]; readonly name: RequestName | undefined }

/** All of a request that is good as a whole, and its name; or what is wrong with it. [I2] [S2] */
async function check(
  { items, idempotencyKey }: AskedIncrements,
  { config: { lateHours }, grant, nowMs }: IngestServices,
): Promise<Checked | Problem> {
  if (items.length > REQUEST_ITEMS_MAX) return tooManyItems(items.length)
  const mayAdjust = grant.scopes.includes('adjust')
  const increments = parseIncrements(items, { nowMs, lateHours, mayAdjust, idempotencyKey })
  if ('errors' in increments) return { kind: 'invalid_increments', errors: increments.errors }
  const outside = refuseOutside(grant, increments)
  if (outside !== undefined) return outside
  if (idempotencyKey === undefined) return { increments, name: undefined }
  return { increments, name: await nameRequest(grant.name, idempotencyKey, increments) }
}

function tooManyItems(count: number): Problem {
  const detail = `A request has at most ${REQUEST_ITEMS_MAX} items; this one has ${count}. Send several.`
  return { kind: 'too_many_items', detail }
}

/** The same increments in any order are the same content. */
async function nameRequest(
  token: string,
  key: string,
  increments: readonly Increment[],
): Promise<RequestName> {
  const lines = increments.map(({ key: k, value, hour }) => `${k}\n${value}\n${hour}`).sort()
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(lines.join('\n')))
  return { token, key, content: new Uint8Array(digest).slice(0, 16).toHex() }
}
