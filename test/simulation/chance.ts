import { seeded } from '../support/chance.ts'

/** All chance of one run, drawn from its seed. */
export class Chance {
  readonly #next: () => number

  constructor(seed: number) {
    this.#next = seeded(seed)
  }

  /** A number in [0, 1). */
  readonly float = (): number => this.#next()

  /** True with this probability. */
  is(probability: number): boolean {
    return this.#next() < probability
  }

  /** A whole number in [from, to]. */
  between(from: number, to: number): number {
    return from + Math.floor(this.#next() * (to - from + 1))
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.between(0, items.length - 1)]
    if (item === undefined) throw new Error('nothing to pick from')
    return item
  }

  /** A text in the form of a UUID, because Postgres checks the form. */
  readonly uuid = (): string => {
    const hex = Array.from({ length: 4 }, () => this.between(0, 0xffffffff).toString(16).padStart(8, '0'))
    return hex.join('').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
  }
}
