import type { Cell, KeyedCell } from '../model/cell.ts'
import { mergeCells } from '../model/cell.ts'
import { Cells } from '../model/cells.ts'
import { keyOf } from '../model/slices/slice.ts'

/** A cell that Postgres refused because of what is in it, with Postgres's words and when that was, in epoch ms. */
export type Parked = { readonly sinceMs: number; readonly reason: string; readonly cell: Cell }

/** Parked cells by slice. */
export type ParkedCells = ReadonlyMap<string, Parked>

/** Adds cells to those that are parked. Later cells of a parked key join it, under the reason and time of the first. */
export function park(parked: ParkedCells, cells: Cells, reason: string, nowMs: number): ParkedCells {
  const all = new Map(parked)
  for (const [key, cell] of cells) {
    const held = all.get(key)
    all.set(
      key,
      held === undefined ? { sinceMs: nowMs, reason, cell } : { ...held, cell: mergeCells(held.cell, cell) },
    )
  }
  return all
}

/** Takes the cells of these keys out of those that are parked. A key that is not parked is passed over. */
export function unpark(
  parked: ParkedCells,
  keys: readonly string[],
): { readonly taken: Cells; readonly left: ParkedCells } {
  const left = new Map(parked)
  const taken = keys.flatMap((key): KeyedCell[] => {
    const held = left.get(key)
    return held !== undefined && left.delete(key) ? [[key, held.cell]] : []
  })
  return { taken: Cells.of(taken), left }
}

export function cellsOfParked(parked: ParkedCells): Cells {
  return Cells.of(parked.entries().map(([slice, { cell }]) => [slice, cell] as const))
}

/** The slices that are parked of these keys; null for all. */
export function slicesOf(parked: ParkedCells, keys: readonly string[] | null): string[] {
  const wanted = keys === null ? null : new Set(keys)
  return [...parked.keys()].filter((slice) => wanted === null || wanted.has(keyOf(slice)))
}
