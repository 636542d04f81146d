import type { FlightOutcome } from '../../src/edge/coalesce/queue.ts'
import type { Part, RequestName } from '../../src/edge/ingest/partition.ts'
import { indexesOf } from '../../src/edge/ingest/partition.ts'
import type { Increment } from '../support/increments.ts'
import type { Book } from './book.ts'
import type { Entry, Heard } from './entry.ts'
import { learn, nameOf } from './entry.ts'
import { Violation } from './scheduler.ts'
import { placeOf } from './tables.ts'

/** Increments that a client sends together; with a `name` when the request has an Idempotency-Key. */
export type Request = { readonly increments: readonly Increment[]; readonly name?: RequestName }

/** The book's entries in one part of a request. */
export type Aboard = {
  readonly unnamed: readonly Entry[]
  /** For each entry of the part. */
  readonly named: readonly (readonly Entry[])[]
  /** The rule by which its names count once, if it is not [I3]. */
  readonly rule?: string
  /** Whether the part that counts may be without an entry of this one, so that a duplicate proves nothing about it. */
  readonly mayMiss?: (entry: Entry) => boolean
}

export function enter(book: Book, part: Part, { increments, name }: Request): Aboard {
  const those = (indexes: readonly number[] | undefined) => indexes?.flatMap((i) => increments[i] ?? []) ?? []
  const named = part.named.map(({ id, content }, j) => {
    const own = those(part.namedIndexes[j])
    const scope = name === undefined ? own.map(({ key, hour }) => placeOf(key, hour)).join() : part.shard
    return [book.enter(`${scope} ${id}`, content, own)]
  })
  const own = those(indexesOf(part))
  const unnamed = own.length === 0 ? [] : [book.enter(undefined, '', own)]
  return { unnamed, named }
}

export function learnAll(aboard: Aboard, outcome: FlightOutcome): void {
  const { unnamed, named, rule = '[I3]', mayMiss = () => false } = aboard
  for (const entry of unnamed) learn(entry, outcome.kind)
  for (const [i, entries] of named.entries()) {
    const heard = outcome.kind === 'accepted' ? outcome.named?.[i] : outcome.kind
    if (heard === undefined) throw new Violation(`${rule} ${entries.map(nameOf)} is not answered`)
    for (const entry of entries) {
      learnBy(rule, entry, heard === 'duplicate' && mayMiss(entry) ? 'unknown' : heard)
    }
  }
}

function learnBy(rule: string, entry: Entry, heard: Heard): void {
  try {
    learn(entry, heard)
  } catch (error) {
    if (!(error instanceof Violation)) throw error
    throw new Violation(error.message.replace('[I3]', rule))
  }
}

export function describe({ unnamed, named }: Aboard): string {
  return [...unnamed, ...named.flat()].map(nameOf).join(', ')
}
