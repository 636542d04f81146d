import type { Cell, KeyedCell } from '../model/cell.ts'
import { EMPTY_CELL, mergeCells } from '../model/cell.ts'
import type { Unsettled } from '../model/flight.ts'
import type { Settlement } from '../model/settlement.ts'
import { covers } from '../model/token.ts'
import { standingOf } from './holdings.ts'
import type { Memory } from './memory.ts'

/** What is not settled of the keys under a prefix, in increments; null for all keys. [S2] */
export function unsettledUnder(
  { open, frozen, parked }: Memory,
  prefix: string | null,
): Omit<Settlement, 'isShut'> {
  const parkedCells = parked.entries().map(([key, { cell }]): KeyedCell => [key, cell])
  return {
    pending: frozen.reduce((sum, { cells }) => sum + countUnder(cells, prefix), countUnder(open, prefix)),
    parked: countUnder(parkedCells, prefix),
  }
}

function countUnder(cells: Iterable<readonly [string, Cell]>, prefix: string | null): number {
  let increments = 0
  for (const [key, cell] of cells) if (covers(prefix, key)) increments += cell.count
  return increments
}

/** What Postgres may not have of all keys that begin with a text and that a grant covers, as if they were one. [R1] [S2] */
export function unsettledSum(
  { open, frozen, parked, state }: Memory,
  prefix: string,
  grant: string | null,
): Unsettled {
  const isAsked = (key: string) => key.startsWith(prefix) && covers(grant, key)
  const parkedCells = parked.entries().map(([key, { cell }]): KeyedCell => [key, cell])
  return {
    ...standingOf({ frozen, state }),
    open: sumWhere(open, isAsked),
    parked: sumWhere(parkedCells, isAsked),
    frozen: frozen.flatMap(({ seq, cells }) => {
      const cell = sumWhere(cells, isAsked)
      return cell === null ? [] : [{ seq, cell }]
    }),
  }
}

/** Null when there are none. */
function sumWhere(cells: Iterable<readonly [string, Cell]>, isAsked: (key: string) => boolean): Cell | null {
  let sum = EMPTY_CELL
  for (const [key, cell] of cells) if (isAsked(key)) sum = mergeCells(sum, cell)
  return sum.count === EMPTY_CELL.count ? null : sum
}
