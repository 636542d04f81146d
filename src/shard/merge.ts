import { FLUSH_BYTES, FLUSH_CELLS, SENDERS_MAX } from '../limits.ts'
import type { EntryResult, FlightName } from '../model/entry.ts'
import type { MergeAnswer, MergeRefusal } from '../model/flight.ts'
import { readFlight, UnknownVersion } from '../model/flight.ts'
import type { Arrival } from './journal.ts'
import type { ShardStore } from './store.ts'

export type MergeConditions = {
  readonly nowMs: number
  /** Epoch ms from which the shard takes no more. */
  readonly closesMs: number
  /** Whether the shards of this isolate have no room for more. */
  readonly isFull: (withIds: boolean) => boolean
}

/** A flight that has come, decoded. Flights on the way have names. */
export type Incoming = Omit<Arrival, 'results'> & { readonly name: FlightName }

/** @returns undefined for a version that this code does not know, which touches nothing. [J1] */
export function decodeIncoming(encoded: string): Incoming | undefined {
  try {
    const flight = readFlight(encoded)
    return flight.name === null ? undefined : { flight, encoded, name: flight.name }
  } catch (error) {
    if (error instanceof UnknownVersion) return undefined
    throw error
  }
}

/**
 * Takes flights in together, or refuses each whole. Their senders are distinct, and all but a lone one are without named
 * entries, so none of them changes what becomes of another. [I1] [I4]
 *
 * @returns their answers, in their order.
 */
export function mergeFlights(
  store: ShardStore,
  flights: readonly Incoming[],
  conditions: MergeConditions,
): MergeAnswer[] {
  const answers = flights.map((incoming) => judge(store, incoming, conditions))
  const arrivals = flights.flatMap(({ flight, encoded }, i) => {
    const answer = answers[i]
    return answer?.kind === 'new' ? [{ flight, encoded, results: answer.results }] : []
  })
  store.merge(arrivals, conditions.nowMs)
  return answers.map((answer) => (answer.kind === 'new' ? accepted(answer.results) : answer))
}

type Judged = MergeAnswer | { readonly kind: 'new'; readonly results: readonly EntryResult[] }

/**
 * The order matters: a flight that is known gets its first answer even when the shard has closed or filled up since, for
 * it was counted.
 */
function judge(store: ShardStore, { flight, name }: Incoming, conditions: MergeConditions): Judged {
  const status = store.nameStatus(name)
  if (status === 'known') return accepted(store.judge(flight))
  if (status === 'stale') return refused('stale')
  if (conditions.nowMs >= conditions.closesMs) return refused('closed')
  const hasRoom = store.senderCount < SENDERS_MAX || store.knowsSender(name.sender)
  if (!hasRoom || conditions.isFull(flight.named !== undefined)) return refused('full')
  return { kind: 'new', results: store.judge(flight) }
}

function accepted(results: readonly EntryResult[]): MergeAnswer {
  return results.length === 0 ? { kind: 'accepted' } : { kind: 'accepted', named: results }
}

/** Whether the open cells have outgrown a flush, so that it should not wait for its interval. */
export function isOutgrown(store: ShardStore): boolean {
  return store.openCells >= FLUSH_CELLS || store.openBytes >= FLUSH_BYTES
}

export function refused(reason: MergeRefusal): MergeAnswer {
  return { kind: 'refused', reason }
}
