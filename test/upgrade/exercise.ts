import { Cells } from '../../src/model/cells.ts'
import type { Batch } from '../../src/model/flush/batch.ts'
import { addHours, hourOf } from '../../src/model/hour.ts'
import { keysFrom } from '../../src/model/key.ts'
import type { ListQuery } from '../../src/model/read.ts'
import type { Postgres } from '../../src/postgres/driver/session.ts'
import { createLedger } from '../../src/postgres/ledger.ts'
import { createLister } from '../../src/postgres/list.ts'
import { createReader } from '../../src/postgres/reader.ts'
import { createSink } from '../../src/postgres/sink.ts'

const HOUR = hourOf(Date.UTC(2026, 10, 21, 20))
const WRITER = '5f0c4f0e-2a52-4f3d-9c3d-1f1f0a3c8f11'
const OTHER = '5f0c4f0e-2a52-4f3d-9c3d-1f1f0a3c8f22'
const SHARD = '2026-11-21T20Z/0'
const YEAR = 24 * 365

const FIRST = Cells.of([
  ['site/b', { sum: 2n, count: 1, min: 2, max: 2 }],
  ['site/a/x', { sum: 2n ** 64n, count: 3, min: 1, max: Number.MAX_SAFE_INTEGER }],
  ['site/a', { sum: -5n, count: 2, min: -6, max: 1 }],
])
const SECOND = Cells.of([
  ['site/a', { sum: 7n, count: 1, min: 7, max: 7 }],
  ['other', { sum: 1n, count: 1, min: 1, max: 1 }],
])

/** Has every statement sent that the Worker sends, each with every answer that it tells apart. Ids and times are fixed. */
export async function exercise(postgres: Postgres): Promise<void> {
  const sink = createSink(postgres)
  await sink.apply(batch(1, FIRST))
  await sink.apply(batch(1, FIRST))
  await sink.apply(batch(2, SECOND))
  await sink.apply(batch(4, SECOND))
  await sink.register(OTHER, '2026-11-21T21Z/1')
  await sink.apply({ ...batch(1, FIRST), writer: OTHER, hour: addHours(HOUR, 1), shard: '2026-11-21T21Z/1' })
  await read(postgres)
  await sink.seal(WRITER, SHARD)
  await sink.apply(batch(3, SECOND))
  await read(postgres)
}

function batch(seq: number, cells: Cells): Batch {
  const increments = cells.countIncrements()
  const id = `9b2e0b52-6b0e-4f57-8a2e-00000000000${seq}`
  return { writer: WRITER, seq, id, shard: SHARD, hour: HOUR, cells, increments }
}

async function read(postgres: Postgres): Promise<void> {
  const readCommitted = createReader(postgres)
  const buckets = [HOUR, addHours(HOUR, 1)]
  await readCommitted({
    keys: ['site/a', 'site/b'],
    buckets,
    to: addHours(HOUR, 2),
    writers: [WRITER, OTHER],
  })
  const list = createLister(postgres)
  for (const query of lists()) await list(query)
  const ledger = createLedger(postgres)
  await ledger.ledgerOf([SHARD])
  await ledger.stragglers(addHours(HOUR, 5), null)
  await ledger.sealAll([OTHER])
  await ledger.prune()
}

function lists(): ListQuery[] {
  const day = {
    ranges: [keysFrom('site/')],
    contains: null,
    where: [],
    from: HOUR,
    to: addHours(HOUR, 24),
    limit: 2,
  }
  const year = { ...day, to: addHours(HOUR, 2 * YEAR) }
  const groups = { grouping: { base: 'site/', depth: 1 }, limit: 5 }
  return [
    { ...day, sort: 'key', grouping: null, after: null },
    { ...day, sort: 'key', grouping: null, after: 'site/a' },
    { ...year, sort: 'key', grouping: null, after: null },
    { ...day, sort: '-sum', grouping: null, after: null },
    { ...day, sort: '-count', grouping: null, after: null },
    { ...day, ...groups, sort: 'key', after: null },
    { ...day, ...groups, sort: '-sum', after: null },
    { ...day, ranges: [keysFrom('other'), keysFrom('site/a/')], sort: 'key', grouping: null, after: null },
  ]
}
