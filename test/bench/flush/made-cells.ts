import { BATCH_CELLS_MAX, FLIGHT_BYTES_MAX } from '../../../src/limits.ts'
import type { Batch } from '../../../src/model/batch.ts'
import type { KeyedCell } from '../../../src/model/cell.ts'
import { Cells } from '../../../src/model/cells.ts'
import { cut } from '../../../src/model/cut.ts'
import { formatHour, type Hour } from '../../../src/model/hour.ts'

export const keyOf = (n: number) => `site/example.com/section/page-${n}`

/** Cells as some seconds of counting leave them. */
export function makeCells(count: number): KeyedCell[] {
  return Array.from({ length: count }, (_, n) => {
    const [some, most] = [1 + (n % 7), 1 + (n % 90)]
    return [keyOf(n), { sum: BigInt(some * most), count: some, min: 1, max: most }]
  })
}

/** A writer's batches, seq by seq, cut as a shard cuts them. */
export class Batches {
  readonly #writer = crypto.randomUUID()
  #seq = 0

  next(cells: readonly KeyedCell[], hour: Hour): Batch[] {
    return cut(Cells.of(cells), { cells: BATCH_CELLS_MAX, bytes: FLIGHT_BYTES_MAX }).map((piece) => ({
      writer: this.#writer,
      seq: ++this.#seq,
      id: crypto.randomUUID(),
      shard: `${formatHour(hour)}/0`,
      hour,
      cells: piece,
      increments: piece.countIncrements(),
    }))
  }
}
