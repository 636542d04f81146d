import type { Cell, KeyedCell } from '../model/cell.ts'
import { mergeCells } from '../model/cell.ts'

/** A cell that Postgres refused for its own sake. */
export type Parked = { readonly sinceMs: number; readonly reason: string; readonly cell: Cell }

export type ParkedCells = ReadonlyMap<string, Parked>

/** The parked cells with more: later cells of a parked key join it, under the reason and time of the first. */
export function park(
  parked: ParkedCells,
  cells: readonly KeyedCell[],
  reason: string,
  nowMs: number,
): ParkedCells {
  const all = new Map(parked)
  for (const [key, cell] of cells) {
    const held = all.get(key)
    const merged = held === undefined ? cell : mergeCells(held.cell, cell)
    all.set(key, { sinceMs: held?.sinceMs ?? nowMs, reason: held?.reason ?? reason, cell: merged })
  }
  return all
}

/** The cells of these keys, and the parked cells without them. A key that is not parked is passed over. */
export function unpark(
  parked: ParkedCells,
  keys: readonly string[],
): { readonly taken: KeyedCell[]; readonly left: ParkedCells } {
  const left = new Map(parked)
  const taken = keys.flatMap((key): KeyedCell[] => {
    const held = left.get(key)
    return held !== undefined && left.delete(key) ? [[key, held.cell]] : []
  })
  return { taken, left }
}
