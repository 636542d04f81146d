import type { Hour } from '../../src/model/hour.ts'
import { placeOf } from './postgres-model.ts'
import { Violation } from './scheduler.ts'

/** What its client knows of an increment. `sent`: no answer, and perhaps never one. */
export type Fate = 'sent' | 'accepted' | 'refused' | 'unknown'

export type Entry = {
  readonly key: string
  readonly hour: Hour
  readonly value: number
  /** What makes it safe to send again. */
  readonly id?: string
  /** Requests that carried it. */
  requests: number
  fate: Fate
}

/** The digits of a sum in this base tell of each increment how often it was counted: the i-th has the value BASE^i. */
const BASE = 4
const ENTRIES_MAX = 26

type Sum = { readonly sum: bigint; readonly count: number }

/**
 * The naive model: what was sent, key by key and hour by hour, and what became of it. It knows nothing of shards.
 */
export class Book {
  readonly #entries = new Map<string, Entry[]>()

  get size(): number {
    return [...this.#entries.values()].reduce((total, entries) => total + entries.length, 0)
  }

  /** Whether one more increment of this key and hour can be told from the others. */
  hasRoom(key: string, hour: Hour): boolean {
    return this.#of(placeOf(key, hour)).length < ENTRIES_MAX
  }

  add(key: string, hour: Hour, id: string | null): Entry {
    const place = placeOf(key, hour)
    const entries = this.#of(place)
    const value = BASE ** entries.length
    const entry: Entry = { key, hour, value, requests: 1, fate: 'sent', ...(id !== null && { id }) }
    this.#entries.set(place, [...entries, entry])
    return entry
  }

  /** Some of the latest increments that can be sent again, whatever became of them. */
  named(chance: () => number): Entry[] {
    const all = [...this.#entries.values()].flat().filter(({ id }) => id !== undefined)
    return all.slice(-12).filter(() => chance() < 0.3)
  }

  #of(place: string): readonly Entry[] {
    return this.#entries.get(place) ?? []
  }

  /** Increments of this key and hour that have been acknowledged by now. */
  acknowledged(key: string, hour: Hour): readonly Entry[] {
    return this.#of(placeOf(key, hour)).filter(({ fate }) => fate === 'accepted')
  }

  /** Holds a sum against the book: nothing more than once, nothing refused, nothing that was not sent. */
  checkNoneTwice(place: string, sum: Sum): void {
    const entries = this.#of(place)
    const times = digits(sum.sum)
    for (const [i, count] of times.entries()) {
      const fate = entries[i]?.fate ?? 'never sent'
      if (count > 1) throw new Violation(`[P1] increment ${i} of ${place} (${fate}) counts ${count} times`)
      if (count === 1 && (fate === 'refused' || fate === 'never sent')) {
        throw new Violation(`[I4] increment ${i} of ${place} counts, and is ${fate}`)
      }
    }
    const total = times.reduce((a, b) => a + b, 0)
    if (total !== sum.count)
      throw new Violation(`[A2] ${place} has ${total} increments and count ${sum.count}`)
  }

  /** All of these are in the sum. */
  checkAllOf(entries: readonly Entry[], place: string, sum: Sum, rule: string): void {
    const times = digits(sum.sum)
    const all = this.#of(place)
    for (const entry of entries) {
      const i = all.indexOf(entry)
      if (times[i] !== 1) throw new Violation(`${rule} increment ${i} of ${place} (${entry.fate}) is missing`)
    }
  }

  /** Every acknowledged increment once, every refused one not at all, every other at most once. [C1] */
  checkFinal(counters: ReadonlyMap<string, Sum>): void {
    for (const [place, sum] of counters) this.checkNoneTwice(place, sum)
    for (const [place, entries] of this.#entries) {
      const accepted = entries.filter(({ fate }) => fate === 'accepted')
      this.checkAllOf(accepted, place, counters.get(place) ?? { sum: 0n, count: 0 }, '[C1] at the end')
    }
  }
}

function digits(sum: bigint): number[] {
  return sum === 0n ? [] : Array.from(sum.toString(BASE), Number).toReversed()
}
