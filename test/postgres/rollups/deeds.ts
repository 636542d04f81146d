import type { KeyedCell } from '../../../src/model/cell.ts'
import { Cells } from '../../../src/model/cells.ts'
import type { ApplyOutcome, Batch, Sink } from '../../../src/model/flush/batch.ts'
import { addHours, formatHour, type Hour, hourOf } from '../../../src/model/hour.ts'

/** Days long past, of which batches are late, and which roll-ups and retention take. */
export const FIRST_DAY = hourOf(Date.UTC(2026, 0, 1))
export const DAYS = 4

export const dayOf = (n: number) => `2026-01-${String(n + 1).padStart(2, '0')}`
export const hourIn = (day: number, hour = 0) => addHours(FIRST_DAY, day * 24 + hour)

export function batchOf(
  hour: Hour,
  cells: readonly KeyedCell[],
  writer: string = crypto.randomUUID(),
  seq = 1,
): Batch {
  return {
    writer,
    seq,
    id: crypto.randomUUID(),
    shard: `${formatHour(hour)}/0`,
    hour,
    cells: Cells.of(cells),
    increments: cells.reduce((sum, [, cell]) => sum + cell.count, 0),
  }
}

/** Sends a batch until it is applied, as a shard does. @returns the failures on the way. */
export async function applyUntilDone(sink: Sink, batch: Batch): Promise<readonly ApplyOutcome[]> {
  const failures: ApplyOutcome[] = []
  for (;;) {
    const outcome = await sink.apply(batch)
    if (outcome.kind === 'applied') return failures
    if (outcome.kind === 'rewound' || outcome.kind.endsWith('refused'))
      throw new Error(JSON.stringify(outcome))
    failures.push(outcome)
  }
}
