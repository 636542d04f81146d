import type { Hour } from '../../src/model/hour.ts'
import type { Labels } from '../../src/model/slices/slice.ts'
import { isOverflow, labelsText, labelsTextOf } from '../../src/model/slices/slice.ts'
import type { Increment } from '../support/increments.ts'
import type { Entry } from './entry.ts'
import { fateOf, mayCount, nameOf, newEntry } from './entry.ts'
import { Violation } from './scheduler.ts'
import { placeOf } from './tables.ts'

/**
 * The i-th increment of a key and hour has the value BASE^i, so the i-th digit of a sum in this base says how often
 * that increment was counted.
 */
const BASE = 4
const ENTRIES_MAX = 26

type Sum = { readonly sum: bigint; readonly count: number }

export const NOTHING: Sum = { sum: 0n, count: 0 }

/**
 * The naive model that everything is compared with: what was sent, key by key and hour by hour, and how it ended. It
 * knows nothing of shards, and a name is just a text.
 */
export class Book {
  readonly #places = new Map<string, Increment[]>()
  readonly #entries = new Map<Increment, Entry>()
  readonly #byName = new Map<string, Entry[]>()
  readonly #discarded = new Set<Increment>()

  /** Whether increments have labels. */
  readonly hasLabels: boolean

  constructor(hasLabels = false) {
    this.hasLabels = hasLabels
  }

  get size(): number {
    return this.#entries.size
  }

  /** Whether one more increment of this key and hour could be told from the others. */
  hasRoom(key: string, hour: Hour): boolean {
    return this.#at(placeOf(key, hour)).length < ENTRIES_MAX
  }

  /** Makes an increment that differs from all others of its key and hour. */
  increment(key: string, hour: Hour, id: string | undefined): Increment {
    const place = placeOf(key, hour)
    const before = this.#at(place)
    const value = BASE ** before.length
    const labels = this.hasLabels ? labelsAt(before.length) : undefined
    const increment = {
      key,
      hour,
      value,
      ...(id !== undefined && { id }),
      ...(labels !== undefined && { labels }),
    }
    this.#places.set(place, [...before, increment])
    return increment
  }

  /**
   * Enters that one more request has these increments in it, under a name or none. Equal content under an equal name
   * is one entry.
   */
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

  /** The increments of this key and hour that every sum must have by now: known to count, and not discarded. */
  due(place: string): readonly Increment[] {
    const isDue = (increment: Increment) => this.#entries.get(increment)?.fate === 'counted'
    return this.#at(place).filter((increment) => isDue(increment) && !this.#discarded.has(increment))
  }

  /** The increments that no sum may have any more. */
  discarded(place: string): readonly Increment[] {
    return this.#at(place).filter((increment) => this.#discarded.has(increment))
  }

  /**
   * Enters that an administrator has discarded this cell, durably. Its increments were counted, whatever their clients
   * know. [C1]
   */
  discard(place: string, sum: Sum): void {
    for (const increment of this.checkNoneTwice(place, sum)) this.#discarded.add(increment)
  }

  /**
   * Throws a Violation unless a sum has nothing more than once, nothing that was refused, and nothing that was not
   * sent.
   *
   * @returns the increments in the sum.
   */
  checkNoneTwice(place: string, sum: Sum): Increment[] {
    const times = digits(sum.sum)
    const counted = times.flatMap((count, i) => (count > 0 ? [this.#checkOne(place, i, count)] : []))
    if (counted.length !== sum.count)
      throw new Violation(`[A2] ${place} has ${counted.length} increments and count ${sum.count}`)
    this.#checkRivals(counted)
    return counted
  }

  /**
   * Throws a Violation unless the slices of a key and hour have each increment with labels that its sum has, once: in its
   * own slice, or in the overflow slice. [L1] [L2]
   */
  checkSlices(place: string, total: Sum, slices: ReadonlyMap<string, Sum>): void {
    const missing = new Set(this.checkNoneTwice(place, total).filter(({ labels }) => labels !== undefined))
    for (const [slice, sum] of slices) {
      const own = this.checkNoneTwice(place, sum)
      for (const increment of own) {
        const isAtHome = isOverflow(slice) || labelsText(increment.labels) === labelsTextOf(slice)
        if (!missing.delete(increment) || !isAtHome)
          throw new Violation(`[L1] ${increment.value} of ${place} is in ${JSON.stringify(slice)}, or twice`)
      }
    }
    const [lost] = missing
    if (lost !== undefined) throw new Violation(`[L1] ${lost.value} of ${place} is in no slice`)
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

  /** Throws a Violation when two contents count under one name. [I3] */
  #checkRivals(counted: readonly Increment[]): void {
    const entries = new Set(counted.flatMap((increment) => this.#entries.get(increment) ?? []))
    for (const entry of entries) {
      const rival = entry.rivals.find((other) => other !== entry && entries.has(other))
      if (rival !== undefined)
        throw new Violation(`[I3] under one name count ${nameOf(entry)} and ${nameOf(rival)}`)
    }
  }

  /** Throws a Violation when one of these increments is in the sum. */
  checkNoneOf(increments: readonly Increment[], place: string, sum: Sum): void {
    const times = digits(sum.sum)
    for (const increment of increments) {
      const i = this.#at(place).indexOf(increment)
      if ((times[i] ?? 0) > 0)
        throw new Violation(`[C1] increment ${i} of ${place} was discarded, and counts`)
    }
  }

  /** Throws a Violation when one of these increments is missing in the sum and was not discarded since. */
  checkAllOf(increments: readonly Increment[], place: string, sum: Sum, rule: string): void {
    const times = digits(sum.sum)
    const all = this.#at(place)
    for (const increment of increments) {
      const i = all.indexOf(increment)
      if (times[i] !== 1 && !this.#discarded.has(increment))
        throw new Violation(`${rule} increment ${i} of ${place} is missing`)
    }
  }

  /**
   * Checks the final sums: what is known to count is there once, what is known not to count is not there, and every
   * other entry is there whole or not at all. [C1]
   */
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

  /** Throws a Violation when only a part counts of increments that a name holds together. [I3] */
  #checkWhole(counted: ReadonlySet<Increment>): void {
    for (const entry of new Set(this.#entries.values())) {
      const part = entry.increments.filter((increment) => counted.has(increment))
      if (part.length > 0 && part.length < entry.increments.length)
        throw new Violation(`[I3] of ${nameOf(entry)} only ${nameOf({ increments: part })} counts`)
    }
  }
}

const PLANS = ['free', 'pro', 'team', 'x']

/** The labels of the i-th increment of a key and hour: not by chance, so that a seed is the same run without them. */
function labelsAt(i: number): Labels | undefined {
  const plan = PLANS[i % 5]
  return plan === undefined ? undefined : { plan, ...(i % 3 === 0 && { eu: 'yes' }) }
}

function digits(sum: bigint): number[] {
  return sum === 0n ? [] : Array.from(sum.toString(BASE), Number).toReversed()
}
