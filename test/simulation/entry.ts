import type { EntryResult } from '../../src/model/entry.ts'
import type { Increment } from '../support/increments.ts'
import { Violation } from './scheduler.ts'

/** Increments that count together or not at all, and what their clients know about them. */
export type Entry = {
  readonly content: string
  readonly increments: readonly Increment[]
  /** Every entry that came under its name, itself included, each with other content. At most one of them counts. */
  readonly rivals: Entry[]
  requests: number
  /** How many of its requests may have counted it, or may still do so. */
  doubts: number
  /** Whether one of its requests was told that it was the first. */
  wasFirst: boolean
  /**
   * `open`: its clients do not know, except by the number of doubts. `conflict`: other content counts under its name.
   */
  fate: 'open' | 'counted' | 'conflict'
}

/** The answer that a request can get for an entry. */
export type Heard = EntryResult | 'refused' | 'unknown'

export function newEntry(content: string, increments: readonly Increment[], rivals: Entry[]): Entry {
  const entry: Entry = {
    content,
    increments,
    rivals,
    requests: 0,
    doubts: 0,
    wasFirst: false,
    fate: 'open',
  }
  rivals.push(entry)
  return entry
}

/** Whether the entry may be in a sum. */
export function mayCount({ fate, doubts }: Entry): boolean {
  return fate === 'counted' || (fate === 'open' && doubts > 0)
}

/** The fate of an entry in one word, for messages. */
export function fateOf({ fate, doubts }: Entry): string {
  if (fate === 'open') return doubts > 0 ? 'unknown' : 'refused'
  return fate
}

/** Learns the answer that one of the entry's requests got. Throws a Violation when that answer is impossible. */
export function learn(entry: Entry, heard: Heard): void {
  if (heard === 'refused') entry.doubts -= 1
  else if (heard === 'conflict') loses(entry)
  else if (heard !== 'unknown') {
    checkTold(entry, heard)
    counts(entry)
  }
}

/** Only the first request that counts an entry is told that it was the first. [I3] [I4] */
function checkTold(entry: Entry, heard: 'accepted' | 'duplicate'): void {
  if (heard === 'accepted' && entry.wasFirst) throw new Violation(`[I3] ${nameOf(entry)} is accepted twice`)
  if (heard === 'duplicate' && entry.requests === 1)
    throw new Violation(`[I4] ${nameOf(entry)} came once, and is a duplicate`)
  entry.wasFirst ||= heard === 'accepted'
}

/** The entry counts, for good, and so no rival of it ever will. */
function counts(entry: Entry): void {
  if (entry.fate === 'conflict') throw new Violation(`[I3] ${nameOf(entry)} counts beside a rival`)
  entry.fate = 'counted'
  for (const rival of entry.rivals) if (rival !== entry) rival.fate = 'conflict'
}

/** A rival counts under the entry's name. Which one is certain when there is only one. */
function loses(entry: Entry): void {
  if (entry.fate === 'counted') throw new Violation(`[I3] ${nameOf(entry)} counts, and is a conflict`)
  const winners = entry.rivals.filter((rival) => rival !== entry && mayCount(rival))
  entry.fate = 'conflict'
  if (winners.length === 0) throw new Violation(`[I3] ${nameOf(entry)} is a conflict with nothing`)
  if (winners.length === 1) for (const winner of winners) counts(winner)
}

export function nameOf({ increments }: Pick<Entry, 'increments'>): string {
  return increments.map(({ key, value }) => `${key}#${Math.log2(value) / 2}`).join('+')
}
