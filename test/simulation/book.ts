import type { Increment } from '../../src/edge/ingest/increment.ts'
import type { Hour } from '../../src/model/hour.ts'
import type { Entry } from './entry.ts'
import { fateOf, mayCount, nameOf, newEntry } from './entry.ts'
import { placeOf } from './postgres-model.ts'
import { Violation } from './scheduler.ts'

/** The digits of a sum in this base tell of each increment how often it was counted: the i-th has the value BASE^i. */
const BASE = 4
const ENTRIES_MAX = 26

type Sum = { readonly sum: bigint; readonly count: number }

const NOTHING: Sum = { sum: 0n, count: 0 }

/**
 * The naive model: what was sent, key by key and hour by hour, and what became of it. It knows nothing of shards: a
 * name is a text.
 */
export class Book {
  readonly #places = new Map<string, Increment[]>()
  readonly #entries = new Map<Increment, Entry>()
  readonly #byName = new Map<string, Entry[]>()
  readonly #discarded = new Set<Increment>()

  get size(): number {
    return this.#entries.size
  }

  /** Whether one more increment of this key and hour can be told from the others. */
  hasRoom(key: string, hour: Hour): boolean {
    return this.#at(placeOf(key, hour)).length < ENTRIES_MAX
  }

  /** An increment that no other is like. */
  increment(key: string, hour: Hour, id: string | undefined): Increment {
    const place = placeOf(key, hour)
    const before = this.#at(place)
    const increment = { key, hour, value: BASE ** before.length, ...(id !== undefined && { id }) }
    this.#places.set(place, [...before, increment])
    return increment
  }

  /** One more request has these in it, under a name or none. The same content under the same name is the same entry. */
  enter(name: string | undefined, content: string, increments: readonly Increment[]): Entry {
    const rivals = (name === undefined ? undefined : this.#byName.get(name)) ?? []
    const entry = rivals.find((e) => e.content === content) ?? newEntry(content, increments, rivals)
    if (name !== undefined) this.#byName.set(name, rivals)
    for (const increment of increments) this.#entries.set(increment, entry)
    entry.requests += 1
    entry.doubts += 1
    return entry
  }

  #at(place: string): readonly Increment[] {
    return this.#places.get(place) ?? []
  }

  /** Increments of this key and hour that every sum has by now: known to count, and not discarded. */
  due(place: string): readonly Increment[] {
    const isDue = (increment: Increment) => this.#entries.get(increment)?.fate === 'counted'
    return this.#at(place).filter((increment) => isDue(increment) && !this.#discarded.has(increment))
  }

  /** Those that no sum has any more. */
  discarded(place: string): readonly Increment[] {
    return this.#at(place).filter((increment) => this.#discarded.has(increment))
  }

  /** An administrator has given up what is in this cell, durably. It was counted, whatever its clients know. [C1] */
  discard(place: string, sum: Sum): void {
    for (const increment of this.checkNoneTwice(place, sum)) this.#discarded.add(increment)
  }

  /**
   * Holds a sum against the book: nothing more than once, nothing refused, nothing that was not sent.
   *
   * @returns what is in it.
   */
  checkNoneTwice(place: string, sum: Sum): Increment[] {
    const times = digits(sum.sum)
    const counted = times.flatMap((count, i) => (count > 0 ? [this.#checkOne(place, i, count)] : []))
    if (counted.length !== sum.count)
      throw new Violation(`[A2] ${place} has ${counted.length} increments and count ${sum.count}`)
    this.#checkRivals(counted)
    return counted
  }

  #checkOne(place: string, i: number, count: number): Increment {
    const increment = this.#at(place)[i]
    const entry = increment && this.#entries.get(increment)
    const fate = entry === undefined ? 'never sent' : fateOf(entry)
    if (count > 1) throw new Violation(`[P1] increment ${i} of ${place} (${fate}) counts ${count} times`)
    if (increment === undefined || entry === undefined || !mayCount(entry))
      throw new Violation(`[I4] increment ${i} of ${place} counts, and is ${fate}`)
    return increment
  }

  /** No two contents under one name. [I3] */
  #checkRivals(counted: readonly Increment[]): void {
    const entries = new Set(counted.flatMap((increment) => this.#entries.get(increment) ?? []))
    for (const entry of entries) {
      const rival = entry.rivals.find((other) => other !== entry && entries.has(other))
      if (rival !== undefined)
        throw new Violation(`[I3] under one name count ${nameOf(entry)} and ${nameOf(rival)}`)
    }
  }

  /** None of these is in the sum. */
  checkNoneOf(increments: readonly Increment[], place: string, sum: Sum): void {
    const times = digits(sum.sum)
    for (const increment of increments) {
      const i = this.#at(place).indexOf(increment)
      if ((times[i] ?? 0) > 0)
        throw new Violation(`[C1] increment ${i} of ${place} was discarded, and counts`)
    }
  }

  /** All of these are in the sum that have not been discarded since. */
  checkAllOf(increments: readonly Increment[], place: string, sum: Sum, rule: string): void {
    const times = digits(sum.sum)
    const all = this.#at(place)
    for (const increment of increments) {
      const i = all.indexOf(increment)
      if (times[i] !== 1 && !this.#discarded.has(increment))
        throw new Violation(`${rule} increment ${i} of ${place} is missing`)
    }
  }

  /** All that is known to count once, nothing of what is known not to, every other entry whole or not at all. [C1] */
  checkFinal(counters: ReadonlyMap<string, Sum>): void {
    const counted = [...counters].flatMap(([place, sum]) => this.checkNoneTwice(place, sum))
    this.#checkRivals([...counted, ...this.#discarded])
    this.#checkWhole(new Set([...counted, ...this.#discarded]))
    for (const place of this.#places.keys()) {
      const sum = counters.get(place) ?? NOTHING
      this.checkNoneOf(this.discarded(place), place, sum)
      this.checkAllOf(this.due(place), place, sum, '[C1] at the end')
    }
  }

  /** What a name holds together is never cut. [I3] */
  #checkWhole(counted: ReadonlySet<Increment>): void {
    for (const entry of new Set(this.#entries.values())) {
      const part = entry.increments.filter((increment) => counted.has(increment))
      if (part.length > 0 && part.length < entry.increments.length)
        throw new Violation(`[I3] of ${nameOf(entry)} only ${nameOf({ increments: part })} counts`)
    }
  }
}

function digits(sum: bigint): number[] {
  return sum === 0n ? [] : Array.from(sum.toString(BASE), Number).toReversed()
}
