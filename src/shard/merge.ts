import { FLUSH_BYTES, FLUSH_CELLS, SENDERS_MAX } from '../limits.ts'
import type { EntryResult } from '../model/entry.ts'
import type { Flight, MergeAnswer, MergeRefusal } from '../model/flight.ts'
import { decodeFlight, UnknownVersion } from '../model/flight.ts'
import type { ShardStore } from './store.ts'

export type MergeConditions = {
  readonly nowMs: number
  /** Epoch ms from which the shard takes no more. */
  readonly closesMs: number
  /** Whether the shards of this isolate have no room for more. */
  readonly isFull: (withIds: boolean) => boolean
}

/**
 * Takes a flight in, or refuses it whole. The order matters: a flight that is known gets its first answer even
 * when the shard has closed or filled up since, for it was counted. [I1] [I4]
 */
export function mergeFlight(store: ShardStore, encoded: string, conditions: MergeConditions): MergeAnswer {
  const flight = decodeOrRefuse(encoded)
  if (flight === undefined || flight.name === null) return refused('unknown_version')
  const status = store.nameStatus(flight.name)
  if (status === 'known') return accepted(store.judge(flight))
  if (status === 'stale') return refused('stale')
  if (conditions.nowMs >= conditions.closesMs) return refused('closed')
  const hasRoom = store.senderCount < SENDERS_MAX || store.knowsSender(flight.name.sender)
  if (!hasRoom || conditions.isFull(flight.named !== undefined)) return refused('full')
  const results = store.judge(flight)
  store.merge(flight, encoded, conditions.nowMs, results)
  return accepted(results)
}

function accepted(results: readonly EntryResult[]): MergeAnswer {
  return results.length === 0 ? { kind: 'accepted' } : { kind: 'accepted', named: results }
}

/** Whether the open cells have outgrown a flush, so that it should not wait for its interval. */
export function isOutgrown(store: ShardStore): boolean {
  return store.openCells >= FLUSH_CELLS || store.openBytes >= FLUSH_BYTES
}

function refused(reason: MergeRefusal): MergeAnswer {
  return { kind: 'refused', reason }
}

function decodeOrRefuse(encoded: string): Flight | undefined {
  try {
    return decodeFlight(encoded)
  } catch (error) {
    if (error instanceof UnknownVersion) return undefined
    throw error
  }
}
