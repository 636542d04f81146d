import type { Cell, KeyedCell } from '../model/cell.ts'
import { EMPTY_CELL, mergeCells } from '../model/cell.ts'
import { Columns } from '../model/columns.ts'
import type { Unsettled } from '../model/flight.ts'
import type { Settlement } from '../model/settlement.ts'
import { covers } from '../model/token.ts'
import { standingOf } from './holdings.ts'
import type { Memory } from './memory.ts'
import type { ParkedCells } from './parked.ts'

/** What is not settled of the keys under a prefix, in increments; null for all keys. [S2] */
export function unsettledUnder(
  { open, frozen, parked }: Memory,
  prefix: string | null,
): Omit<Settlement, 'isShut'> {
  const openUnder = countUnder(open.columns, prefix)
  return {
    pending: frozen.reduce((sum, { cells }) => sum + countUnder(cells, prefix), openUnder),
    parked: countUnder(columnsOf(parked), prefix),
  }
}

function columnsOf(parked: ParkedCells): Columns {
  return Columns.of(parked.entries().map(([key, { cell }]): KeyedCell => [key, cell]))
}

function countUnder({ keys, counts }: Columns, prefix: string | null): number {
  let increments = 0
  for (const [place, key] of keys.entries()) if (covers(prefix, key)) increments += counts[place] ?? 0
  return increments
}

/** What Postgres may not have of all keys that begin with a text and that a grant covers, as if they were one. [R1] [S2] */
export function unsettledSum(
  { open, frozen, parked, state }: Memory,
  prefix: string,
  grant: string | null,
): Unsettled {
  const isAsked = (key: string) => key.startsWith(prefix) && covers(grant, key)
  return {
    ...standingOf({ frozen, state }),
    open: sumWhere(open.columns, isAsked),
    parked: sumWhere(columnsOf(parked), isAsked),
    frozen: frozen.flatMap(({ seq, cells }) => {
      const cell = sumWhere(cells, isAsked)
      return cell === null ? [] : [{ seq, cell }]
    }),
  }
}

/** Null when there are none. */
function sumWhere(cells: Columns, isAsked: (key: string) => boolean): Cell | null {
  let sum = EMPTY_CELL
  for (const [place, key] of cells.keys.entries()) {
    if (isAsked(key)) sum = mergeCells(sum, cells.cellAt(place))
  }
  return sum.count === EMPTY_CELL.count ? null : sum
}
