import type { Cell } from '../../../src/model/cell.ts'
import { Violation } from '../scheduler.ts'
import type { Day, Tables } from '../tables.ts'
import { rowsOf, sumsOf } from '../tables.ts'

/**
 * Throws a Violation unless what a read finds of a day, its row where that is good or gone and else its hours, is all that was
 * ever added to it, key by key and slice by slice. [D1]
 */
export function checkDay(tables: Tables, day: Day): void {
  const state = tables.rollups.get(day)?.state ?? 'never made'
  const isMade = state === 'good' || state === 'gone'
  const { counters, slices, days, sliceDays, everCounters, everSlices } = tables
  const found = isMade ? rowsOf(days, day) : sumsOf(counters, day)
  compare(`day ${day}, ${state}`, found, sumsOf(everCounters, day))
  const foundSlices = isMade ? rowsOf(sliceDays, day) : sumsOf(slices, day)
  compare(`day ${day}, ${state}`, foundSlices, sumsOf(everSlices, day))
}

function compare(what: string, found: ReadonlyMap<string, Cell>, due: ReadonlyMap<string, Cell>): void {
  for (const place of new Set([...found.keys(), ...due.keys()])) {
    const [is, was] = [textOf(found.get(place)), textOf(due.get(place))]
    if (is !== was)
      throw new Violation(`[D1] ${what}: ${JSON.stringify(place)} reads ${is}, and ${was} was added`)
  }
}

function textOf(cell: Cell | undefined): string {
  return cell === undefined ? 'nothing' : `${cell.sum}/${cell.count} from ${cell.min} to ${cell.max}`
}
