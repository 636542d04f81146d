import { must } from '../../src/model/assert.ts'
import type { KeyedCell } from '../../src/model/cell.ts'
import { Cells } from '../../src/model/cells.ts'
import type { NamedEntry } from '../../src/model/entry.ts'
import { encodeFlight } from '../../src/model/flight.ts'
import type { Arrival } from '../../src/shard/arrival.ts'
import { readArrival } from '../../src/shard/arrival.ts'

/** A flight as a shard reads it, encoded as its isolate would. */
export function arrivalOf(
  sender: string,
  n: number,
  cells: Iterable<KeyedCell>,
  named: readonly NamedEntry[] = [],
): Arrival {
  const text = encodeFlight({ sender, n }, Cells.of(cells), named)
  return must(readArrival(text), 'a flight of this version')
}
