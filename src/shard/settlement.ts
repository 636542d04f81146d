import type { Cell, KeyedCell } from '../model/cell.ts'
import type { Settlement } from '../model/settlement.ts'
import { covers } from '../model/token.ts'
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
