import type { Day } from '../tables.ts'

/** The rows of `rollups` that transactions hold until they end, and who waits for each, in the order of their coming. */
export class RowLocks {
  readonly #waiting = new Map<Day, (() => void)[]>()

  isHeld(day: Day): boolean {
    return this.#waiting.has(day)
  }

  hold(day: Day): void {
    if (this.isHeld(day)) throw new Error('two transactions hold one row')
    this.#waiting.set(day, [])
  }

  /** Ends a transaction. Those who wait go on, one after another, until one of them holds the row. */
  release(day: Day): void {
    const waiting = this.#waiting.get(day) ?? []
    this.#waiting.delete(day)
    for (const [i, goOn] of waiting.entries()) {
      if (this.isHeld(day)) {
        this.#waiting.get(day)?.push(...waiting.slice(i))
        return
      }
      goOn()
    }
  }

  /** Runs `goOn` at once, or when the row is free. @returns a function that stops the waiting. */
  whenFree(day: Day, goOn: () => void): () => void {
    const waiting = this.#waiting.get(day)
    if (waiting === undefined) {
      goOn()
      return () => {}
    }
    waiting.push(goOn)
    return () => {
      for (const others of this.#waiting.values()) {
        const place = others.indexOf(goOn)
        if (place >= 0) others.splice(place, 1)
      }
    }
  }
}
