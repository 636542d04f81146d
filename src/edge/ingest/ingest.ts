import type { Config } from '../../config.ts'
import { REQUEST_ITEMS_MAX } from '../../limits.ts'
import type { Log } from '../../log.ts'
import { hourOf } from '../../model/hour.ts'
import type { Result } from '../../model/result.ts'
import { fail, ok } from '../../model/result.ts'
import type { Grant } from '../../model/token.ts'
import type { Coalescer } from '../coalesce/coalescer.ts'
import type { FlightOutcome } from '../coalesce/queue.ts'
import { refuseOutside } from '../http/access.ts'
import type { Problem } from '../http/problem.ts'
import { type Ingested, summarise } from './answer.ts'
import type { PlainIncrements } from './fast-path/plain-body.ts'
import type { Increment } from './increment.ts'
import { parseIncrements } from './increment.ts'
import { tellNotCounted } from './ingest-log.ts'
import type { Part, RequestName } from './partition.ts'
import { splitByShard, splitPlain } from './partition.ts'

export type IngestServices = {
  readonly config: Pick<Config, 'shards' | 'lateHours'>
  readonly coalescer: Coalescer
  readonly log: Log
  readonly grant: Grant
  readonly nowMs: number
  readonly keepAlive: (turn: Promise<unknown>) => void
}

/** What is asked to be counted. */
export type AskedIncrements =
  /** What was found good as it was read. */
  { readonly plain: PlainIncrements } | AskedItems

/** Items that nobody has checked, and the name of all together, well-formed. */
export type AskedItems = { readonly items: readonly unknown[]; readonly idempotencyKey: string | undefined }

/** Checks, routes and sends; answers when every part is durable or known not to be. */
export async function ingest(
  asked: AskedIncrements,
  services: IngestServices,
): Promise<Result<Ingested, Problem>> {
  const { coalescer, keepAlive, log } = services
  const routed = 'plain' in asked ? routePlain(asked.plain, services) : await route(asked, services)
  if ('kind' in routed) return fail(routed)
  const { parts, count, isNamed } = routed
  const submit = ({ shard, unnamed, named }: Part) => coalescer.submit(shard, unnamed, keepAlive, named)
  const landings = await all(parts.map(submit))
  const summary = summarise(parts, landings, count, isNamed)
  if (!('kind' in summary)) return ok(summary)
  if (summary.kind === 'not_all_counted') log(tellNotCounted(parts, landings, count, summary))
  return fail(summary)
}

/** As Promise.all, which takes longer for one, as nearly every request has. */
async function all(submitted: readonly Promise<FlightOutcome>[]): Promise<readonly FlightOutcome[]> {
  const [first] = submitted
  return submitted.length === 1 && first !== undefined ? [await first] : Promise.all(submitted)
}

/** A good request by shard, and whether sending it again counts nothing twice. */
type Routed = { readonly parts: readonly Part[]; readonly count: number; readonly isNamed: boolean }

async function route(asked: AskedItems, services: IngestServices): Promise<Routed | Problem> {
  const increments = check(asked, services)
  if ('kind' in increments) return increments
  const { idempotencyKey } = asked
  const { config, grant } = services
  const name =
    idempotencyKey === undefined ? undefined : await nameRequest(grant.name, idempotencyKey, increments)
  const isNamed = name !== undefined || increments.every(({ id }) => id !== undefined)
  return { parts: splitByShard(increments, config.shards, name), count: increments.length, isNamed }
}

/** [S2] [K1] */
function routePlain(plain: PlainIncrements, { config, grant, nowMs }: IngestServices): Routed | Problem {
  const { keys } = plain
  const outside = refuseOutside(grant, keys)
  if (outside !== undefined) return outside
  return { parts: splitPlain(plain, hourOf(nowMs), config.shards), count: keys.length, isNamed: false }
}

/** All of a request that is good as a whole, or what is wrong with it. [I2] [S2] */
function check(
  { items, idempotencyKey }: AskedItems,
  { config: { lateHours }, grant, nowMs }: IngestServices,
): readonly Increment[] | Problem {
  if (items.length > REQUEST_ITEMS_MAX) return tooManyItems(items.length)
  const mayAdjust = grant.scopes.includes('adjust')
  const increments = parseIncrements(items, { nowMs, lateHours, mayAdjust, idempotencyKey })
  if ('errors' in increments) return { kind: 'invalid_increments', errors: increments.errors }
  const keys = increments.values().map(({ key }) => key)
  return refuseOutside(grant, keys) ?? increments
}

function tooManyItems(count: number): Problem {
  return { kind: 'too_many_items', items: count, itemsMax: REQUEST_ITEMS_MAX }
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
