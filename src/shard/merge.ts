import type { EntryResult, KnownId } from '../model/entry.ts'
import type { MergeAnswer, MergeRefusal } from '../model/flight.ts'
import type { Arrival } from './arrival.ts'
import { withoutDuplicates, withPlacedLabels } from './arrival.ts'
import type { ShardStore } from './store.ts'

export type MergeConditions = {
  readonly nowMs: number
  /** Epoch ms from which the shard takes no more. */
  readonly closesMs: number
  /** Whether the shards of this isolate have no room for more. */
  readonly isFull: (withIds: boolean) => boolean
  /** Whether the shards of this isolate have room for new label sets. */
  readonly hasRoomForLabels: () => boolean
}

/**
 * Takes flights in together, or refuses each whole. Their senders are distinct, so that none of them changes what
 * becomes of another, except by the names of their entries: those are judged in the order of the flights. [I1] [I3] [I4]
 *
 * @returns their answers, in their order.
 */
export function mergeFlights(
  store: ShardStore,
  arrivals: readonly Arrival[],
  conditions: MergeConditions,
): MergeAnswer[] {
  const before = new Map<string, KnownId>()
  const judged = arrivals.map((arrival) => {
    const judgement = judge(store, arrival, before, conditions)
    if (judgement.kind === 'new') noteNames(before, arrival, judgement.results)
    return judgement
  })
  const counting = arrivals.flatMap((arrival, i) => {
    const judgement = judged[i]
    return judgement?.kind === 'new' ? [whatCounts(store, arrival, judgement.results, conditions)] : []
  })
  store.merge(counting, conditions.nowMs)
  return judged.map((judgement) => (judgement.kind === 'new' ? accepted(judgement.results) : judgement))
}

/** Notes the names that a flight brings, because the next one may have them too and neither is stored yet. [I3] */
function noteNames(
  before: Map<string, KnownId>,
  { name, named }: Arrival,
  results: readonly EntryResult[],
): void {
  for (const [i, { id, content }] of named.entries()) {
    if (results[i] === 'accepted') before.set(id, { content, flight: name })
  }
}

type MergeJudgement = MergeAnswer | { readonly kind: 'new'; readonly results: readonly EntryResult[] }

/** The part of a new flight that counts, each cell in the slice that it counts in. */
function whatCounts(
  store: ShardStore,
  arrival: Arrival,
  results: readonly EntryResult[],
  { hasRoomForLabels }: MergeConditions,
): Arrival {
  const { rowBytes } = store.limits
  const counting = withoutDuplicates(arrival, results, rowBytes)
  if (!counting.hasLabels) return counting
  return withPlacedLabels(counting, (slice) => store.placeLabels(slice, hasRoomForLabels), rowBytes)
}

/**
 * The order matters: a flight that is known gets its first answer even when the shard has closed or filled up since,
 * because it was counted.
 */
function judge(
  store: ShardStore,
  arrival: Arrival,
  before: ReadonlyMap<string, KnownId>,
  conditions: MergeConditions,
): MergeJudgement {
  const { name, named } = arrival
  const status = store.nameStatus(name)
  if (status === 'known') return accepted(store.judge(name, named))
  if (status === 'stale') return refused('stale')
  if (conditions.nowMs >= conditions.closesMs) return refused('closed')
  const hasRoom = store.senderCount < store.limits.senders || store.knowsSender(name.sender)
  if (!hasRoom || conditions.isFull(named.length > 0)) return refused('full')
  return { kind: 'new', results: store.judge(name, named, before) }
}

function accepted(results: readonly EntryResult[]): MergeAnswer {
  return results.length === 0 ? { kind: 'accepted' } : { kind: 'accepted', named: results }
}

export function refused(reason: MergeRefusal): MergeAnswer {
  return { kind: 'refused', reason }
}

/** Whether the open cells have outgrown a flush, so that it should not wait for its interval. */
export function isOutgrown(store: ShardStore): boolean {
  const { flushCells, flushBytes } = store.limits
  return store.openCells >= flushCells || store.openBytes >= flushBytes
}
