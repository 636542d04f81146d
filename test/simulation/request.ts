import type { FlightOutcome } from '../../src/edge/coalesce/queue.ts'
import type { Part, RequestName } from '../../src/edge/ingest/partition.ts'
import { indexesOf } from '../../src/edge/ingest/partition.ts'
import type { Increment } from '../support/increments.ts'
import type { Book } from './book.ts'
import type { Entry } from './entry.ts'
import { learn, nameOf } from './entry.ts'
import { placeOf } from './postgres-model.ts'
import { Violation } from './scheduler.ts'

/** Increments that a client sends together; with a `name` when the request has an Idempotency-Key. */
export type Request = { readonly increments: readonly Increment[]; readonly name?: RequestName }

/** The book's entries in one part of a request. */
export type Aboard = { readonly unnamed: readonly Entry[]; readonly named: readonly Entry[] }

export function enter(book: Book, part: Part, { increments, name }: Request): Aboard {
  const those = (indexes: readonly number[] | undefined) => indexes?.flatMap((i) => increments[i] ?? []) ?? []
  const named = part.named.map(({ id, content }, j) => {
    const own = those(part.namedIndexes[j])
    const scope = name === undefined ? own.map(({ key, hour }) => placeOf(key, hour)).join() : part.shard
    return book.enter(`${scope} ${id}`, content, own)
  })
  const own = those(indexesOf(part))
  const unnamed = own.length === 0 ? [] : [book.enter(undefined, '', own)]
  return { unnamed, named }
}

export function learnAll({ unnamed, named }: Aboard, outcome: FlightOutcome): void {
  for (const entry of unnamed) learn(entry, outcome.kind)
  for (const [i, entry] of named.entries()) {
    const heard = outcome.kind === 'accepted' ? outcome.named?.[i] : outcome.kind
    if (heard === undefined) throw new Violation(`[I3] ${nameOf(entry)} is not answered`)
    learn(entry, heard)
  }
}

export function describe({ unnamed, named }: Aboard): string {
  return [...unnamed, ...named].map(nameOf).join(', ')
}
