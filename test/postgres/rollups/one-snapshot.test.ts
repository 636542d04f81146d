import { afterAll, beforeAll, expect, test } from 'vitest'
import { cellOf } from '../../../src/model/cell.ts'
import type { Batch } from '../../../src/model/flush/batch.ts'
import { addHours, type Hour } from '../../../src/model/hour.ts'
import { keysFrom } from '../../../src/model/key.ts'
import type { CommittedRead } from '../../../src/model/read.ts'
import { groupName, groupOf } from '../../../src/model/slices/grouping.ts'
import { keyOf, labelsText } from '../../../src/model/slices/slice.ts'
import { createGroupsReader } from '../../../src/postgres/groups.ts'
import { createReader, createSeriesReader } from '../../../src/postgres/reader.ts'
import { createRetention } from '../../../src/postgres/retention.ts'
import { createSink } from '../../../src/postgres/sink.ts'
import { seeded } from '../../support/chance.ts'
import { type Stand, startStand } from '../stand.ts'
import { applyUntilDone, batchOf, dayOf, FIRST_DAY, hourIn } from './deeds.ts'
import { rollupsOneByOne } from './one-by-one.ts'

const DAYS = 4
const KEYS = ['k/a', 'k/b']
const WRITERS = 4
const BATCHES = 40
const pro = labelsText({ plan: 'pro' })

let stand: Stand
beforeAll(async () => {
  stand = await startStand(16)
})
afterAll(() => stand?.stop())

const chance = seeded(19)
const oneOf = (n: number) => Math.floor(chance() * n)

/** All batches of a writer, in the order in which it sends them: of hours of any day, each as late as the others. */
function batchesOf(writer: string): Batch[] {
  return Array.from({ length: BATCHES }, (_, i) => {
    const cells = KEYS.flatMap((key) => [
      [key, cellOf(1 + oneOf(9))] as const,
      [key + pro, cellOf(100)] as const,
    ])
    return batchOf(hourIn(oneOf(DAYS), oneOf(24)), cells, writer, i + 1)
  })
}

/** The sum of each day of some slices, by what the ledger of a read says is in its rows. */
function expectedOf({ ledger }: CommittedRead, all: readonly Batch[], isOf: (slice: string) => boolean) {
  const sums = new Map<Hour, bigint>()
  for (const { writer, seq, hour, cells } of all) {
    if (seq > (ledger.get(writer)?.seq ?? 0)) continue
    const day = hourIn(Math.floor((hour - FIRST_DAY) / 24))
    for (const [slice, cell] of cells) {
      if (isOf(slice)) sums.set(day, (sums.get(day) ?? 0n) + cell.sum)
    }
  }
  return sums
}

function sumsOf({ counters }: CommittedRead, name: string): Map<Hour, bigint> {
  return new Map(Array.from(counters.get(name)?.cells ?? [], ([hour, { sum }]) => [hour, sum]))
}

test('[R1] [D1] rows, days and the ledger of a read are of one instant, while flushes, roll-ups and retention run', async () => {
  const writers = Array.from({ length: WRITERS }, () => crypto.randomUUID())
  const all = writers.map(batchesOf)
  const flat = all.flat()
  let senders = WRITERS
  const send = async (batches: readonly Batch[]) => {
    const sink = createSink(stand.postgres)
    for (const batch of batches) await applyUntilDone(sink, batch)
    senders -= 1
  }
  const rollups = rollupsOneByOne(stand.postgres)
  let made = 0
  const make = async () => {
    while (senders > 0) if ((await rollups.makeDay(dayOf(oneOf(DAYS)))).kind === 'made') made += 1
  }
  const deleteBefore = createRetention(stand.postgres)
  // The first day's hours go while batches of it still come.
  const giveUp = async () => {
    await rollups.makeDay(dayOf(0))
    await deleteBefore(hourIn(1))
  }
  const giveUpOften = async () => {
    while (senders > 0) await giveUp()
  }
  const rows = {
    buckets: Array.from({ length: DAYS }, (_, day) => hourIn(day)),
    to: addHours(FIRST_DAY, DAYS * 24),
    writers,
  }
  const [readKeys, readSeries, readGroups] = [
    createReader(stand.postgres),
    createSeriesReader(stand.postgres),
    createGroupsReader(stand.postgres),
  ]
  const read = async () => {
    const keys = await readKeys({ ...rows, keys: KEYS })
    for (const key of KEYS) {
      expect(sumsOf(keys, key)).toEqual(expectedOf(keys, flat, (slice) => keyOf(slice) === key))
    }
    const series = await readSeries({ ...rows, name: 'all', ranges: [keysFrom('k/')] })
    expect(sumsOf(series, 'all')).toEqual(expectedOf(series, flat, () => true))
    const groups = await readGroups({ ...rows, by: 'plan', where: [], keys: KEYS })
    for (const key of KEYS) {
      expect(sumsOf(groups, key)).toEqual(expectedOf(groups, flat, (slice) => keyOf(slice) === key))
      const name = groupName(key, groupOf('pro'))
      expect(sumsOf(groups, name)).toEqual(expectedOf(groups, flat, (slice) => slice === key + pro))
    }
  }
  let reads = 0
  const readOn = async () => {
    while (senders > 0) {
      await read()
      reads += 1
    }
  }
  await Promise.all([...all.map(send), make(), make(), giveUpOften(), readOn(), readOn()])
  await giveUp()
  await read()
  const { rows: states } = await stand.pool.query<{ state: string }>(
    'select state from sumdial.rollups order by day',
  )
  expect(states[0]).toEqual({ state: 'gone' })
  expect(made).toBeGreaterThan(DAYS)
  expect(reads).toBeGreaterThan(5)
})
