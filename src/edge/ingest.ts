import type { Config } from '../config.ts'
import { parseIncrements } from '../model/increment.ts'
import type { Problem } from '../model/problem.ts'
import { readItems } from './body.ts'
import type { Coalescer } from './coalescer.ts'
import type { Landing } from './line.ts'
import type { Part } from './route.ts'
import { splitByShard } from './route.ts'

export type Ingested = {
  readonly accepted: number
  readonly duplicates: number
  readonly conflicts: number[]
}

export type IngestServices = {
  readonly config: Pick<Config, 'shards' | 'lateHours'>
  readonly coalescer: Coalescer
  readonly nowMs: number
  readonly keepAlive: (turn: Promise<unknown>) => void
}

/** `POST /increment`: reads, checks, routes and sends; answers when every part is durable or known not to be. */
export async function ingest(request: Request, services: IngestServices): Promise<Ingested | Problem> {
  if (request.headers.has('idempotency-key')) {
    const detail =
      'Idempotency-Key is not supported yet: send the request without it, and do not resend it blindly.'
    return { kind: 'invalid_parameter', parameter: 'Idempotency-Key', detail }
  }
  const items = await readItems(request)
  if ('kind' in items) return items
  const { nowMs, config } = services
  const increments = parseIncrements(items, { nowMs, lateHours: config.lateHours })
  if ('errors' in increments) return { kind: 'invalid_increments', errors: increments.errors }
  const parts = splitByShard(increments, config.shards)
  const landings = await Promise.all(
    parts.map((part) => services.coalescer.submit(part.shard, part.cells, services.keepAlive)),
  )
  return summarise(parts, landings, increments.length)
}

function summarise(parts: readonly Part[], landings: readonly Landing[], count: number): Ingested | Problem {
  if (landings.every((landing) => landing.kind === 'accepted')) {
    return { accepted: count, duplicates: 0, conflicts: [] }
  }
  const refused = indexesOf(parts, landings, 'refused')
  const unknown = indexesOf(parts, landings, 'unknown')
  const reasons = new Set(landings.flatMap((l) => (l.kind === 'accepted' ? [] : [l.reason])))
  return {
    kind: 'not_all_counted',
    refused,
    unknown,
    isWhole: refused.length === count,
    detail:
      'The items in refused were certainly not counted: send those again. The items in unknown may have been ' +
      `counted. All others were. Reason: ${[...reasons].join('; ')}.`,
  }
}

function indexesOf(parts: readonly Part[], landings: readonly Landing[], kind: Landing['kind']): number[] {
  return parts.flatMap((part, i) => (landings[i]?.kind === kind ? part.indexes : [])).sort((a, b) => a - b)
}
