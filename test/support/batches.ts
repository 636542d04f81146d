import type { KeyedCell } from '../../src/model/cell.ts'
import { Cells } from '../../src/model/cells.ts'
import type { Batch } from '../../src/model/flush/batch.ts'
import { hourOf } from '../../src/model/hour.ts'

const HOUR = hourOf(Date.UTC(2026, 10, 21, 20))

/** A batch of a writer, as its shard would freeze it. */
export function frozenBatch(writer: string, seq: number, cells: readonly KeyedCell[]): Batch {
  return {
    writer,
    seq,
    id: crypto.randomUUID(),
    shard: '2026-11-21T20Z/0',
    hour: HOUR,
    cells: Cells.of(cells),
    increments: cells.reduce((sum, [, cell]) => sum + cell.count, 0),
  }
}
