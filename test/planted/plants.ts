import type { Plant } from './plant.ts'
import { BAD_CELL_PLANTS } from './plants/bad-cells.ts'
import { EDGE_PLANTS } from './plants/edge.ts'
import { FORMATS_PLANTS } from './plants/formats.ts'
import { HOLDINGS_PLANTS } from './plants/holdings.ts'
import { IMPORT_PLANTS } from './plants/import.ts'
import { LIST_PLANTS } from './plants/lists.ts'
import { MODEL_PLANTS } from './plants/model.ts'
import { POSTGRES_PLANTS } from './plants/postgres.ts'
import { RANGE_PLANTS } from './plants/ranges.ts'
import { READ_DAYS_PLANTS } from './plants/read-days.ts'
import { READ_PLANTS } from './plants/reads.ts'
import { ROLLUPS_PLANTS } from './plants/rollups.ts'
import { SHARD_PLANTS } from './plants/shard.ts'
import { SHOWN_PLANTS } from './plants/shown.ts'
import { SIMULATED_DAYS_PLANTS } from './plants/simulated-days.ts'
import { SLICES_PLANTS } from './plants/slices.ts'

export const PLANTS: readonly Plant[] = [
  ...EDGE_PLANTS,
  ...FORMATS_PLANTS,
  ...SHARD_PLANTS,
  ...HOLDINGS_PLANTS,
  ...BAD_CELL_PLANTS,
  ...MODEL_PLANTS,
  ...POSTGRES_PLANTS,
  ...READ_PLANTS,
  ...READ_DAYS_PLANTS,
  ...RANGE_PLANTS,
  ...SLICES_PLANTS,
  ...ROLLUPS_PLANTS,
  ...IMPORT_PLANTS,
  ...SIMULATED_DAYS_PLANTS,
  ...LIST_PLANTS,
  ...SHOWN_PLANTS,
]
