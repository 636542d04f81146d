import type { Clock } from '../../../clock.ts'
import type { Config } from '../../../config.ts'
import { LOGGED_SHARDS_MAX } from '../../../limits.ts'
import type { Log } from '../../../log.ts'
import { must } from '../../../model/assert.ts'
import type { Result } from '../../../model/result.ts'
import { fail, ok } from '../../../model/result.ts'
import type { Coalescer } from '../../coalesce/coalescer.ts'
import type { FlightOutcome } from '../../coalesce/queue.ts'
import type { Problem } from '../../http/problem.ts'
import type { CountOutcome } from '../../ports.ts'
import { refuseManyShards } from '../ingest.ts'
import { sendInWaves } from '../waves.ts'
import type { ContentName } from './content-name.ts'
import type { Gathering } from './gathering.ts'
import type { DeliveryPart } from './parts.ts'
import { partsOf } from './parts.ts'
import type { RecordFault } from './refusal.ts'

/** The fate of an increment. */
export type Fate = 'accepted' | 'duplicate' | 'conflict' | 'refused' | 'unknown'

/** The fate of a delivery, from which a format makes its answer. Numbers count increments unless they say records. */
export type Delivered = {
  readonly records: number
  /** Counted, durably. [I1] */
  readonly accepted: number
  /** Counted before, under the same names. [N1] */
  readonly duplicates: number
  /** Not counted, because the id came before with another value. */
  readonly conflicts: number
  readonly zeros: number
  /** Records that no meter is for. */
  readonly unmatched: number
  /** Records and increments that were refused for what they are, and the first of their faults. [N2] */
  readonly refused: number
  readonly faults: readonly RecordFault[]
  /** How sending it again is kept from counting anything twice. */
  readonly names: 'ids' | 'content' | 'none'
  /** Whether records had ids that were not used, because the delivery has too many. */
  readonly hasDroppedIds: boolean
  /** The fate of each record that has an id, by its index. */
  readonly byRecord: ReadonlyMap<number, Fate>
  /** Good increments that could not be counted now; null when all could. */
  readonly failure: Failure | null
}

export type Failure = {
  /** Increments that were certainly not counted, and those of which nobody can tell. */
  readonly refused: number
  readonly unknown: number
  /** Whether the whole delivery can be sent again without counting anything twice. */
  readonly canRepeat: boolean
  readonly reasons: readonly string[]
}

export type DeliveryServices = {
  readonly config: Pick<Config, 'shards'>
  readonly coalescer: Pick<Coalescer, 'submit'>
  readonly clock: Pick<Clock, 'now' | 'sleep'>
  readonly log: Log
  readonly countOutcome: CountOutcome | undefined
  readonly keepAlive: (turn: Promise<unknown>) => void
}

/**
 * Sends what was gathered of a delivery to its shards, on the way that increments go: by key and hour, aboard flights
 * that other requests share. [K2] [N1]
 *
 * @param format for the log and the metric.
 * @param content null when the delivery has no name of its own.
 * @returns a problem when the delivery is too large by itself; then nothing was sent. [I5]
 */
export async function deliver(
  format: string,
  gathering: Gathering,
  content: ContentName | null,
  { config, coalescer, clock, log, countOutcome, keepAlive }: DeliveryServices,
): Promise<Result<Delivered, Problem>> {
  const refuse = (problem: Problem) => {
    countOutcome?.(format, problem.kind, gathering.increments)
    return fail(problem)
  }
  const { excess } = gathering
  if (excess !== undefined) return refuse({ kind: 'too_much', excess, field: gathering.mostVaried })
  const { beyondItems: itemsMax, increments: items } = gathering
  if (itemsMax !== undefined) return refuse({ kind: 'too_many_items', items, itemsMax })
  const parts = partsOf(gathering, content, config.shards)
  const tooMany = refuseManyShards(parts)
  if (tooMany !== undefined) return refuse(tooMany)
  const submit = ({ shard, unnamed, entries, bytes }: DeliveryPart) => {
    const named = entries.map(({ entry }) => entry)
    return coalescer.submit(shard, unnamed, keepAlive, named, bytes)
  }
  const outcomes = await sendInWaves(parts, ({ bytes }) => bytes, submit, clock)
  const delivered = summarise(gathering, content, parts, outcomes)
  logDelivered(format, delivered, gathering, parts, outcomes, log)
  for (const [outcome, count] of outcomesOf(delivered, gathering)) {
    if (count > 0) countOutcome?.(format, outcome, count)
  }
  return ok(delivered)
}

/** How many increments ended in each way; what was refused for what it is, by the reason. */
function outcomesOf(
  { accepted, duplicates, conflicts, zeros, unmatched, failure }: Delivered,
  { reasons }: Gathering,
): (readonly [outcome: string, increments: number])[] {
  return [
    ['accepted', accepted],
    ['duplicate', duplicates],
    ['conflict', conflicts],
    ['zero', zeros],
    ['unmatched', unmatched],
    ['unavailable', failure?.refused ?? 0],
    ['unknown', failure?.unknown ?? 0],
    ...reasons,
  ]
}

function summarise(
  gathering: Gathering,
  content: ContentName | null,
  parts: readonly DeliveryPart[],
  outcomes: readonly FlightOutcome[],
): Delivered {
  const { records, zeros, unmatched, refused, faults, named, hasDroppedIds } = gathering
  const countsAgain = parts.some(({ unnamed }) => unnamed.size > 0)
  const counts: Record<Fate, number> = { accepted: 0, duplicate: 0, conflict: 0, refused: 0, unknown: 0 }
  const byRecord = new Map<number, Fate>()
  for (const [i, part] of parts.entries()) {
    const outcome = must(outcomes[i], 'what became of a part')
    counts[outcome.kind] += part.unnamed.increments
    for (const [j, { entry, record }] of part.entries.entries()) {
      // A shard answers for each of its entries; where it does not, that is as good as no answer.
      const fate = outcome.kind === 'accepted' ? (outcome.named?.[j] ?? 'unknown') : outcome.kind
      counts[fate] += entry.cells.countIncrements()
      if (record !== null) byRecord.set(record, worse(byRecord.get(record), fate))
    }
  }
  return {
    records,
    accepted: counts.accepted,
    duplicates: counts.duplicate,
    conflicts: counts.conflict,
    zeros,
    unmatched,
    refused,
    faults,
    names: countsAgain ? 'none' : named.length > 0 ? 'ids' : content === null ? 'none' : 'content',
    hasDroppedIds,
    byRecord,
    failure: failureOf(counts, parts, outcomes),
  }
}

/** The best one first. When several meters count a record, it has the worst of their fates. */
const FATES: readonly Fate[] = ['duplicate', 'accepted', 'conflict', 'unknown', 'refused']

function worse(a: Fate | undefined, b: Fate): Fate {
  return a !== undefined && FATES.indexOf(a) > FATES.indexOf(b) ? a : b
}

function failureOf(
  { refused, unknown }: Record<Fate, number>,
  parts: readonly DeliveryPart[],
  outcomes: readonly FlightOutcome[],
): Failure | null {
  if (refused + unknown === 0) return null
  // Entries count once however often they come. A sum without a name must not have been counted.
  const canRepeat = parts.every((part, i) => part.unnamed.size === 0 || outcomes[i]?.kind === 'refused')
  return { refused, unknown, canRepeat, reasons: reasonsOf(outcomes) }
}

/** Each reason once. */
function reasonsOf(outcomes: readonly FlightOutcome[]): string[] {
  return [...new Set(outcomes.flatMap((outcome) => (outcome.kind === 'accepted' ? [] : [outcome.reason])))]
}

/** Logs nothing where all was counted, because a line for each delivery would cost twice what its request does. */
function logDelivered(
  format: string,
  { records, accepted, duplicates, conflicts, refused, failure }: Delivered,
  { reasons }: Gathering,
  parts: readonly DeliveryPart[],
  outcomes: readonly FlightOutcome[],
  log: Log,
): void {
  if (refused + conflicts > 0) {
    const counts = Object.fromEntries([...reasons, ...(conflicts > 0 ? [['conflict', conflicts]] : [])])
    log({
      message: 'records refused',
      format,
      records,
      accepted,
      duplicates,
      refused: refused + conflicts,
      reasons: counts,
    })
  }
  if (failure === null) return
  const failed = parts.filter((_, i) => outcomes[i]?.kind !== 'accepted')
  log({
    message: 'not all counted',
    items: parts.reduce((sum, { increments }) => sum + increments, 0),
    refused: failure.refused,
    unknown: failure.unknown,
    shards: [...new Set(failed.map(({ shard }) => shard))].slice(0, LOGGED_SHARDS_MAX),
    reasons: failure.reasons.slice(0, LOGGED_SHARDS_MAX),
  })
}
