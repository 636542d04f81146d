import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Part } from '../../../src/edge/ingest/partition.ts'
import { indexesOf, partition } from '../../../src/edge/ingest/partition.ts'
import { FLIGHT_BYTES_MAX } from '../../../src/limits.ts'
import { entryBytes } from '../../../src/model/entry.ts'
import type { Hour } from '../../../src/model/hour.ts'
import { formatShardName, hashKey, slotOf } from '../../../src/model/shard-name.ts'
import type { Increment } from '../../support/increments.ts'
import { columnsOf } from '../../support/increments.ts'
import { scheduleOf } from '../../support/schedule.ts'

const HOUR = 500_000 as Hour

const increments = fc.array(
  fc
    .record({
      key: fc.stringMatching(/^[a-d]\/[a-d]$/),
      value: fc.integer({ min: 1, max: 9 }),
      hour: fc.integer({ min: HOUR, max: HOUR + 1 }) as fc.Arbitrary<Hour>,
      id: fc.option(fc.constantFrom('x', 'y'), { nil: undefined, freq: 3 }),
      labels: fc.option(fc.constantFrom({ plan: 'pro' }, { plan: 'free', eu: '1' }), { nil: undefined }),
    })
    .map(
      ({ id, labels, ...rest }): Increment => ({
        ...rest,
        ...(id !== undefined && { id }),
        ...(labels !== undefined && { labels }),
      }),
    ),
  { minLength: 1, maxLength: 40 },
)

const shardCounts = fc.integer({ min: 1, max: 5 })

const shardsOf = (count: number) => scheduleOf(String(count))

/** Where each of a request's items goes, by index. */
function placesOf(parts: readonly Part[]): string[] {
  const places: string[] = []
  for (const part of parts) {
    for (const index of [...indexesOf(part), ...part.namedIndexes.flat()]) places[index] = part.shard
  }
  return places
}

test('[K2] each increment goes to the shard of its key and hour, whatever the others are', () => {
  fc.assert(
    fc.property(increments, shardCounts, (list, count) => {
      const shards = shardsOf(count)
      expect(placesOf(partition(columnsOf(list), shards))).toEqual(
        list.map(({ key, hour }) => formatShardName({ hour, slot: slotOf(key, hour, shards) })),
      )
    }),
  )
})

test('[K2] a reader that knows the hashes of the keys splits them alike', () => {
  fc.assert(
    fc.property(increments, shardCounts, (list, count) => {
      const columns = columnsOf(list)
      const hashes = columns.keys.map(hashKey)
      expect(partition({ ...columns, hashes }, shardsOf(count))).toEqual(partition(columns, shardsOf(count)))
    }),
  )
})

test('[I5] a part fits in a flight, whole or cut, and a request with a name is one entry in each shard', () => {
  fc.assert(
    fc.property(shardCounts, fc.integer({ min: 1_500, max: 2_500 }), fc.boolean(), (count, items, hasIds) => {
      const list = Array.from({ length: items }, (_, i): Increment => {
        const increment = { key: `${i}`.padEnd(500, 'x'), value: 1, hour: HOUR }
        return hasIds ? { ...increment, id: `${i}` } : increment
      })
      const columns = columnsOf(list)
      for (const { unnamed, named } of partition(columns, shardsOf(count))) {
        const bytes = named.reduce((sum, entry) => sum + entryBytes(entry), unnamed.bytes)
        expect(bytes).toBeLessThanOrEqual(FLIGHT_BYTES_MAX)
      }
      if (hasIds) return
      const parts = partition(columns, shardsOf(count), { token: 't', key: 'k', content: 'c' })
      expect(parts.map(({ named, unnamed }) => [named.length, unnamed.keys.length])).toEqual(
        Array(new Set(parts.map(({ shard }) => shard)).size).fill([1, 0]),
      )
    }),
    { numRuns: 20 },
  )
})

test('[L1] labels change neither the shard nor the name of an increment, only its cell and its content', () => {
  fc.assert(
    fc.property(increments, shardCounts, (list, count) => {
      const plain = list.map(({ labels: _, ...rest }) => rest)
      const [labelled, without] = [list, plain].map((each) => partition(columnsOf(each), shardsOf(count)))
      expect(placesOf(labelled ?? [])).toEqual(placesOf(without ?? []))
      const namesOf = (parts: readonly Part[] = []) =>
        parts.flatMap(({ named }) => named.map(({ id }) => id)).sort()
      expect(namesOf(labelled)).toEqual(namesOf(without))
    }),
  )
})

test('[I3] the content under an id is the value alone without labels, as before there were any', () => {
  const of = (labels: Increment['labels']) => {
    const increment = { key: 'k', value: 5, hour: HOUR, id: 'x', ...(labels !== undefined && { labels }) }
    return partition(columnsOf([increment]), shardsOf(1))[0]?.named[0]
  }
  expect(of(undefined)).toMatchObject({ id: 'i\nx\nk', content: '5' })
  expect(of({ plan: 'pro' })).toMatchObject({ id: 'i\nx\nk', content: '5\u001fplan=pro' })
  expect(of({ plan: 'pro' })?.cells.keys).toEqual(['k\u001fplan=pro'])
})
