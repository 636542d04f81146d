import fc from 'fast-check'
import { expect, test } from 'vitest'
import { HELD_BYTES_MAX, HELD_CELLS_MAX, IDS_MAX, JOURNAL_BYTES_MAX } from '../../src/limits.ts'
import { IsolateLoad, type Loaded } from '../../src/shard/isolate-load.ts'

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

/** A member whose load changes, and which knows how often it was asked. */
class Changing implements Loaded {
  asked = 0
  cells = 0

  get load() {
    this.asked += 1
    return { cells: this.cells, bytes: 0, journalBytes: 0, ids: 0 }
  }
}

test('[I5] one more merge costs an isolate as much with a thousand shards as with one', () => {
  const load = new IsolateLoad()
  const members = Array.from({ length: 1_000 }, () => new Changing())
  for (const [i, member] of members.entries()) load.join(String(i), member)
  const before = members.reduce((sum, { asked }) => sum + asked, 0)
  for (const [i, member] of members.entries()) {
    expect(load.isFull(true)).toBe(false)
    member.cells += 1
    load.update(String(i))
  }
  expect(before).toBeLessThanOrEqual(3 * members.length)
  expect(members.reduce((sum, { asked }) => sum + asked, 0) - before).toBe(members.length)
})

test('[I5] shards are full together, also after some have shrunk unsaid and others were loaded again', () => {
  const cells = fc.integer({ min: 0, max: HELD_CELLS_MAX })
  const step = fc.record({ name: fc.constantFrom('a', 'b', 'c', 'd'), cells, isNew: fc.boolean() })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
      const load = new IsolateLoad()
      const members = new Map<string, Changing>()
      for (const { name, cells, isNew } of steps) {
        const known = isNew ? undefined : members.get(name)
        const member = known ?? new Changing()
        const hasGrown = cells > member.cells
        member.cells = cells
        if (known === undefined) load.join(name, member)
        else if (hasGrown) load.update(name)
        members.set(name, member)
        const total = members.values().reduce((sum, each) => sum + each.cells, 0)
        expect(load.isFull(false)).toBe(total >= HELD_CELLS_MAX)
        expect(load.ratio).toBeCloseTo(total / HELD_CELLS_MAX)
      }
    }),
  )
})
