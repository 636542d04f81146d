import type { Clock } from '../../clock.ts'
import type { Config } from '../../config.ts'
import {
  REQUEST_PARTS_AT_ONCE,
  REQUEST_PAUSE_MS,
  REQUEST_SENDS_MS_MAX,
  REQUEST_SHARDS_MAX,
} from '../../limits.ts'
import type { Log } from '../../log.ts'
import type { Grant } from '../../model/access/grant.ts'
import { must } from '../../model/assert.ts'
import type { Result } from '../../model/result.ts'
import { fail } from '../../model/result.ts'
import type { Coalescer } from '../coalesce/coalescer.ts'
import type { FlightOutcome } from '../coalesce/queue.ts'
import type { Problem } from '../http/problem.ts'
import { refuseBeyond } from './allowance.ts'
import { describeNotCounted, type Ingested, summarise } from './answer.ts'
import type { CheckedIncrements } from './checked-increments.ts'
import { hourAt } from './checked-increments.ts'
import type { Part, RequestName } from './partition.ts'
import { partition } from './partition.ts'

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
    parts.length > REQUEST_PARTS_AT_ONCE ? sendInWaves(parts, submit, clock) : all(parts.map(submit))
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
function refuseManyShards(parts: readonly Part[]): Problem | undefined {
  if (parts.length <= REQUEST_SHARDS_MAX) return undefined
  const shards = new Set(parts.map(({ shard }) => shard)).size
  if (shards <= REQUEST_SHARDS_MAX) return undefined
  return { kind: 'too_many_shards', shards, shardsMax: REQUEST_SHARDS_MAX }
}

const NOT_SENT: FlightOutcome = { kind: 'refused', reason: 'not sent in time' }

/** Sends a few parts at a time, so that others are served in between. What could not be sent in time was not counted. */
async function sendInWaves(
  parts: readonly Part[],
  submit: (part: Part) => Promise<FlightOutcome>,
  clock: Pick<Clock, 'now' | 'sleep'>,
): Promise<readonly FlightOutcome[]> {
  const endMs = clock.now() + REQUEST_SENDS_MS_MAX
  const outcomes: FlightOutcome[] = []
  while (outcomes.length < parts.length && clock.now() < endMs) {
    if (outcomes.length > 0) await clock.sleep(REQUEST_PAUSE_MS)
    const wave = parts.slice(outcomes.length, outcomes.length + REQUEST_PARTS_AT_ONCE)
    outcomes.push(...(await all(wave.map(submit))))
  }
  return parts.map((_, i) => outcomes[i] ?? NOT_SENT)
}

/**
 * Waits for all. Promise.all does that too, but takes longer for a single promise, and nearly every request has one
 * part.
 */
async function all(submitted: readonly Promise<FlightOutcome>[]): Promise<readonly FlightOutcome[]> {
  const [first] = submitted
  return submitted.length === 1 && first !== undefined ? [await first] : Promise.all(submitted)
}

/** Names a request by its Idempotency-Key. Its content is the same for the same increments in any order. */
async function nameRequest(increments: CheckedIncrements, token: string, key: string): Promise<RequestName> {
  const { keys, values } = increments
  const lines = keys.map((k, i) => `${k}\n${must(values[i], 'a value')}\n${hourAt(increments, i)}`).sort()
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(lines.join('\n')))
  return { token, key, content: new Uint8Array(digest).slice(0, 16).toHex() }
}
