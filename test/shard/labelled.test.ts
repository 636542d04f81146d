import { describe, expect, test } from 'vitest'
import { cellOf } from '../../src/model/cell.ts'
import { labelsText } from '../../src/model/slices/slice.ts'
import { slicesOf } from '../../src/shard/parked.ts'
import { ShardStore } from '../../src/shard/store.ts'
import { arrivalOf } from '../support/arrival.ts'
import { nodeSql } from '../support/node-sql.ts'

const pro = (key: string) => key + labelsText({ plan: 'pro' })
const free = (key: string) => key + labelsText({ plan: 'free' })

/** A shard with the same cells parked, frozen and open: what carries labels, and what does not. */
function shardWithLabels() {
  const store = new ShardStore(nodeSql(), () => crypto.randomUUID())
  const cells = [pro('site/a'), free('site/a'), pro('site/ab'), 'site/a', pro('site/a/b')].map(
    (slice) => [slice, cellOf(1)] as const,
  )
  let n = 0
  const take = () => store.merge([arrivalOf('isolate', ++n, cells)], n)
  take()
  store.freeze(0, () => undefined)
  return { store, take }
}

describe('a shard with slices', () => {
  test('[S2] [L1] counts what carries labels under the key, and not under keys that begin alike', () => {
    const { store, take } = shardWithLabels()
    take()
    expect(store.countUnsettled('site/a')).toMatchObject({ pending: 8 })
    expect(store.countUnsettled('site/ab')).toMatchObject({ pending: 2 })
    expect(store.countUnsettled(null)).toMatchObject({ pending: 10 })
    expect(store.sumUnsettled('site/a', 'site/a').open).toMatchObject({ sum: 4n, count: 4 })
    expect(store.unsettled('site/a')).toMatchObject({ open: { sum: 3n }, frozen: [{ cell: { sum: 3n } }] })
  })

  test('[S3] names its keys, and not their slices, to whom admits hits', () => {
    const { store } = shardWithLabels()
    expect(new Set(store.heldKeys())).toEqual(new Set(['site/a', 'site/ab', 'site/a/b']))
  })

  test('a decision on a parked key takes all of its slices, and none of a key that begins alike', () => {
    const parked = new Map(
      [pro('site/a'), free('site/a'), pro('site/ab'), 'x'].map((slice) => [slice, PARKED]),
    )
    expect(slicesOf(parked, ['site/a'])).toEqual([pro('site/a'), free('site/a')])
    expect(slicesOf(parked, null)).toHaveLength(4)
  })
})

const PARKED = { sinceMs: 0, reason: 'refused', cell: cellOf(1) }
