import type { Increment } from '../../src/edge/ingest/increment.ts'
import type { EntryResult } from '../../src/model/entry.ts'
import { Violation } from './scheduler.ts'

/** Increments that count together or not at all, and what their clients know of them. */
export type Entry = {
  readonly content: string
  readonly increments: readonly Increment[]
  /** All that came under its name, each of another content, itself among them: at most one of them counts. */
  readonly rivals: Entry[]
  requests: number
  /** Of its requests, those that may have counted it, or may yet. */
  doubts: number
  /** One of its requests was told that it was the first. */
  wasFirst: boolean
  /** `open`: its clients cannot tell but by their doubts. `conflict`: another content counts under its name. */
  fate: 'open' | 'counted' | 'conflict'
}

/** What a request can hear of an entry. */
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

/** Whether it may be in a sum. */
export function mayCount({ fate, doubts }: Entry): boolean {
  return fate === 'counted' || (fate === 'open' && doubts > 0)
}

/** In words. */
export function fateOf({ fate, doubts }: Entry): string {
  if (fate === 'open') return doubts > 0 ? 'unknown' : 'refused'
  return fate
}

/** What one request for it was told. Throws a Violation when that cannot be. */
export function learn(entry: Entry, heard: Heard): void {
  if (heard === 'refused') entry.doubts -= 1
  else if (heard === 'conflict') loses(entry)
  else if (heard !== 'unknown') {
    checkTold(entry, heard)
    counts(entry)
  }
}

/** The first request that counts it is told so, and no other. [I3] [I4] */
function checkTold(entry: Entry, heard: 'accepted' | 'duplicate'): void {
  if (heard === 'accepted' && entry.wasFirst) throw new Violation(`[I3] ${nameOf(entry)} is accepted twice`)
  if (heard === 'duplicate' && entry.requests === 1)
    throw new Violation(`[I4] ${nameOf(entry)} came once, and is a duplicate`)
  entry.wasFirst ||= heard === 'accepted'
}

/** It does, for good, and no other under its name ever will. */
function counts(entry: Entry): void {
  if (entry.fate === 'conflict') throw new Violation(`[I3] ${nameOf(entry)} counts beside a rival`)
  entry.fate = 'counted'
  for (const rival of entry.rivals) if (rival !== entry) rival.fate = 'conflict'
}

/** Another was counted under its name; which, is certain when there is but one. */
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
