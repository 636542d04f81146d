import type { Clock } from '../../clock.ts'
import {
  DELIVERY_WAVE_BYTES,
  REQUEST_PARTS_AT_ONCE,
  REQUEST_PAUSE_MS,
  REQUEST_SENDS_MS_MAX,
} from '../../limits.ts'
import { must } from '../../model/assert.ts'
import type { FlightOutcome } from '../coalesce/queue.ts'

const NOT_SENT: FlightOutcome = { kind: 'refused', reason: 'not sent in time' }

/**
 * Sends a few parts at a time, so that others are served in between: at most to REQUEST_PARTS_AT_ONCE shards, and
 * DELIVERY_WAVE_BYTES. What could not be sent in time was not counted.
 *
 * @returns what became of each part, in their order.
 */
export async function sendInWaves<P extends { readonly shard: string }>(
  parts: readonly P[],
  bytesOf: (part: P) => number,
  submit: (part: P) => Promise<FlightOutcome>,
  clock: Pick<Clock, 'now' | 'sleep'>,
): Promise<readonly FlightOutcome[]> {
  const endMs = clock.now() + REQUEST_SENDS_MS_MAX
  const outcomes: FlightOutcome[] = []
  while (outcomes.length < parts.length && clock.now() < endMs) {
    if (outcomes.length > 0) await clock.sleep(REQUEST_PAUSE_MS)
    const wave = parts.slice(outcomes.length, endOfWave(parts, bytesOf, outcomes.length))
    outcomes.push(...(await allOf(wave.map(submit))))
  }
  return parts.map((_, i) => outcomes[i] ?? NOT_SENT)
}

/** Where the wave ends that begins at a part. It has at least that one. */
function endOfWave<P extends { readonly shard: string }>(
  parts: readonly P[],
  bytesOf: (part: P) => number,
  from: number,
): number {
  const shards = new Set<string>()
  let bytes = 0
  for (let to = from; to < parts.length; to++) {
    const part = must(parts[to], 'a part')
    shards.add(part.shard)
    bytes += bytesOf(part)
    const isOver = shards.size > REQUEST_PARTS_AT_ONCE || bytes > DELIVERY_WAVE_BYTES
    if (isOver && to > from) return to
  }
  return parts.length
}

/**
 * Waits for all. Promise.all does that too, but takes longer for a single promise, and nearly every request has one
 * part.
 */
export async function allOf(submitted: readonly Promise<FlightOutcome>[]): Promise<readonly FlightOutcome[]> {
  const [first] = submitted
  return submitted.length === 1 && first !== undefined ? [await first] : Promise.all(submitted)
}
