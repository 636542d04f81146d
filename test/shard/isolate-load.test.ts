import fc from 'fast-check'
import { expect, test } from 'vitest'
import { HELD_BYTES_MAX, HELD_CELLS_MAX, IDS_MAX, JOURNAL_BYTES_MAX } from '../../src/limits.ts'
import { IsolateLoad } from '../../src/shard/isolate-load.ts'

const upTo = (bound: number) => fc.integer({ min: 0, max: Math.floor(bound * 0.6) })

test('[I5] the ratio that is watched reaches 1 just when there is no room for more', () => {
  const load = fc.record({
    cells: upTo(HELD_CELLS_MAX),
    bytes: upTo(HELD_BYTES_MAX),
    journalBytes: upTo(JOURNAL_BYTES_MAX),
    ids: upTo(IDS_MAX),
  })
  fc.assert(
    fc.property(fc.array(load, { maxLength: 4 }), (loads) => {
      const load = new IsolateLoad()
      const members = loads.map((each) => ({ load: each }))
      for (const [i, member] of members.entries()) load.join(String(i), member)
      expect(load.ratio >= 1).toBe(load.isFull(true))
    }),
  )
})
