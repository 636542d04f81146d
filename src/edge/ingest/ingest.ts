import type { Clock } from '../../clock.ts'
import type { Config } from '../../config.ts'
import { REQUEST_PARTS_AT_ONCE, REQUEST_SHARDS_MAX } from '../../limits.ts'
import type { Log } from '../../log.ts'
import type { Grant } from '../../model/access/grant.ts'
import { must } from '../../model/assert.ts'
import type { Result } from '../../model/result.ts'
import { fail } from '../../model/result.ts'
import type { Coalescer } from '../coalesce/coalescer.ts'
import type { Problem } from '../http/problem.ts'
import { refuseBeyond } from './allowance.ts'
import { describeNotCounted, type Ingested, summarise } from './answer.ts'
import type { CheckedIncrements } from './checked-increments.ts'
import { hourAt } from './checked-increments.ts'
import type { Part, RequestName } from './partition.ts'
import { partition } from './partition.ts'
import { allOf, sendInWaves } from './waves.ts'

export type IngestServices = {
  readonly config: Pick<Config, 'shards'>
  readonly coalescer: Coalescer
  readonly clock: Pick<Clock, 'now' | 'sleep'>
  readonly log: Log
  readonly grant: Grant
  readonly keepAlive: (turn: Promise<unknown>) => void
}

/** Routes increments to their shards; answers once every part is durable or known not to be. [S2] */
export async function ingest(
  increments: CheckedIncrements,
  { config, coalescer, clock, log, grant, keepAlive }: IngestServices,
): Promise<Result<Ingested, Problem>> {
  const beyond = refuseBeyond(grant, increments)
  if (beyond !== undefined) return fail(beyond)
  const { idempotencyKey: key } = increments
  const name = key === undefined ? undefined : await nameRequest(increments, grant.name, key)
  const parts = partition(increments, config.shards, name)
  const tooMany = refuseManyShards(parts)
  if (tooMany !== undefined) return fail(tooMany)
  const submit = ({ shard, unnamed, named }: Part) => coalescer.submit(shard, unnamed, keepAlive, named)
  const sending =
    parts.length > REQUEST_PARTS_AT_ONCE
      ? sendInWaves(parts, ({ unnamed }) => unnamed.bytes, submit, clock)
      : allOf(parts.map(submit))
  const outcomes = await sending
  const { length } = increments.keys
  const isNamed = name !== undefined || increments.ids?.every((id) => id !== undefined) === true
  const summary = summarise(parts, outcomes, length, isNamed)
  if (!summary.ok && summary.error.kind === 'not_all_counted') {
    log(describeNotCounted(parts, outcomes, length, summary.error))
  }
  return summary
}

/** A request may not make the isolate start too many objects, whatever its items are. Nothing has been sent yet. [I5] */
export function refuseManyShards(parts: readonly { readonly shard: string }[]): Problem | undefined {
  // Nearly every request has few parts.
  if (parts.length <= REQUEST_SHARDS_MAX) return undefined
  const shards = new Set(parts.map(({ shard }) => shard)).size
  if (shards <= REQUEST_SHARDS_MAX) return undefined
  return { kind: 'too_many_shards', shards, shardsMax: REQUEST_SHARDS_MAX }
}

/** Names a request by its Idempotency-Key. Its content is the same for the same increments in any order. */
async function nameRequest(increments: CheckedIncrements, token: string, key: string): Promise<RequestName> {
  const { keys, values, labels } = increments
  // Without labels the text is what it was before there were any, so that a retry across that deploy is no conflict.
  const lines = keys
    .map((k, i) => `${k}${labels?.[i] ?? ''}\n${must(values[i], 'a value')}\n${hourAt(increments, i)}`)
    .sort()
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(lines.join('\n')))
  return { token, key, content: new Uint8Array(digest).slice(0, 16).toHex() }
}
