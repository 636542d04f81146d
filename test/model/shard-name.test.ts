import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Hour } from '../../src/model/hour.ts'
import { addHours, hourOf, parseHour } from '../../src/model/hour.ts'
import { parseSchedule, valueAt } from '../../src/model/schedule.ts'
import { formatShardName, hashKey, parseShardName, shardNamesOf, slotOf } from '../../src/model/shard-name.ts'
import { keys } from '../support/arbitraries.ts'
import { goodOf } from '../support/result.ts'

const BOUNDS = { min: 1, max: 4096 }
const change = parseHour('2026-12-01T00Z') as Hour
const hours = fc.integer({ min: 0, max: 1_000_000 }).map((hour) => hour as Hour)

const schedule = (text: string) => goodOf(parseSchedule(text, BOUNDS))

describe('a schedule', () => {
  test('[K2] changes at its hour and not before', () => {
    const shards = schedule('1, 16@2026-12-01T00Z,4@2026-12-01T05Z')
    expect(valueAt(shards, 0 as Hour)).toBe(1)
    expect(valueAt(shards, addHours(change, -1))).toBe(1)
    expect(valueAt(shards, change)).toBe(16)
    expect(valueAt(shards, addHours(change, 4))).toBe(16)
    expect(valueAt(shards, addHours(change, 5))).toBe(4)
    expect(valueAt(shards, addHours(change, 50_000))).toBe(4)
  })

  test.each([
    ['', 'whole number'],
    ['0', 'step 1 is not a whole number from 1 to 4096'],
    ['postgres://user:hunter2@host/db', 'step 1 is not of the form'],
    ['4097', 'from 1 to 4096'],
    ['1.5', 'whole number'],
    ['1,2', 'not of the form'],
    ['1@2026-12-01T00Z', 'the first number has no hour'],
    ['1, 2@2026-12-01', 'not of the form'],
    ['1, 2@2026-12-01T00Z, 3@2026-12-01T00Z', 'do not ascend'],
    ['1, 2@2026-12-01T00Z@3', 'not of the form'],
  ])('%j is refused: %s', (text, fault) => {
    expect(parseSchedule(text, BOUNDS)).toEqual({ ok: false, error: expect.stringContaining(fault) })
  })
})

describe('a slot', () => {
  test("[K2] is one of the hour's shards, and depends on the key, the hour and its shard count alone", () => {
    fc.assert(
      fc.property(keys, hours, fc.integer(BOUNDS), (key, hour, count) => {
        const slot = slotOf(key, hour, schedule(String(count)))
        expect(slot).toBe(slotOf(key, hour, schedule(`${count}, 7@9999-01-01T00Z`)))
        expect(shardNamesOf(hour, schedule(String(count)))).toContain(formatShardName({ hour, slot }))
      }),
      { numRuns: 30 },
    )
  })

  test('[K2] a change of the count from some hour on moves no key of an hour before it', () => {
    fc.assert(
      fc.property(keys, fc.integer({ min: 1, max: 900 }), (key, back) => {
        const hour = addHours(change, -back)
        expect(slotOf(key, hour, schedule('3, 16@2026-12-01T00Z'))).toBe(slotOf(key, hour, schedule('3')))
      }),
    )
  })

  test('[K2] the hash is the one that deployed shards were filled by', () => {
    expect(['', 'a', 'site/example.com/pricing', 'é漢𝄞'].map(hashKey)).toEqual(HASHES)
  })

  test('spreads keys that differ in little evenly', () => {
    const counts = new Array<number>(16).fill(0)
    for (let i = 0; i < 16_000; i++) {
      const slot = slotOf(`site/${i}`, change, schedule('16'))
      counts[slot] = (counts[slot] ?? 0) + 1
    }
    expect(Math.min(...counts)).toBeGreaterThan(850)
    expect(Math.max(...counts)).toBeLessThan(1150)
  })
})

/** Written down once: another hash would look for an open hour's counts in other shards than hold them. */
const HASHES = [2872998923, 444641715, 2848269253, 1539882147]

describe("a shard's name", () => {
  test('is read back', () => {
    fc.assert(
      fc.property(hours, fc.nat(4096), (hour, slot) => {
        expect(parseShardName(formatShardName({ hour, slot }))).toEqual({ hour, slot })
      }),
    )
    expect(formatShardName({ hour: hourOf(Date.UTC(2026, 10, 21, 20)), slot: 3 })).toBe('2026-11-21T20Z/3')
  })

  test.each([
    '2026-11-21T20Z',
    '2026-11-21T20Z/',
    '2026-11-21T20Z/03',
    '2026-11-21T20Z/-1',
    '2026-11-21T20Z/1/2',
    'x/1',
  ])('is not read from %j', (text) => expect(parseShardName(text)).toBeUndefined())
})
