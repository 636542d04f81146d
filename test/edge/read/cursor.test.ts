import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Cursor, decodeCursor, encodeCursor } from '../../../src/edge/read/cursor.ts'
import { addHours, hourOf } from '../../../src/model/hour.ts'
import { keys } from '../../support/arbitraries.ts'

const HOUR = hourOf(Date.UTC(2026, 10, 21, 20))
const hours = fc.integer({ min: -100_000, max: 100_000 }).map((hoursLater) => addHours(HOUR, hoursLater))

const cursors: fc.Arbitrary<Cursor> = fc.record({
  prefix: fc.oneof(fc.constant(''), keys),
  contains: fc.option(keys),
  where: fc.oneof(fc.constant([]), fc.constant(['plan:pro', 'kind:'])),
  depth: fc.option(fc.integer({ min: 1, max: 512 })),
  rangeName: fc.option(fc.constantFrom('all UTC', 'this-month Europe/Berlin')),
  from: hours,
  to: hours,
  // The name of a group may be empty, and end with a slash.
  after: fc.oneof(fc.constant(''), keys),
})

test('decode(encode(cursor)) = cursor, in characters that need no escape in an address', () => {
  fc.assert(
    fc.property(cursors, (cursor) => {
      expect(encodeCursor(cursor)).toMatch(/^[\w-]+$/)
      expect(decodeCursor(encodeCursor(cursor))).toEqual(cursor)
    }),
  )
})

test('any other text is no cursor, and none throws', () => {
  const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const others = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.base64String().map((text) => text.replace(/=/g, '')),
    fc.json().map((text) => Buffer.from(text).toString('base64url')),
  )
  fc.assert(
    fc.property(others, (text) => {
      expect(decodeCursor(text)).toBeUndefined()
    }),
  )
  const good = [1, 'p', null, HOUR, HOUR, 'k']
  expect(decodeCursor(encoded(good))).toBeDefined()
  for (const [i, bad] of [3, 7, 'x', 1e9, 0.5, '\ud800'].entries()) {
    expect(decodeCursor(encoded(good.with(i, bad)))).toBeUndefined()
  }
  expect(decodeCursor(encoded([...good, 'x']))).toBeUndefined()
  // A cursor of a text inside keys, which older code refuses.
  expect(decodeCursor(encoded(good.with(0, 2)))).toBeUndefined()
  expect(decodeCursor(encoded([...good.with(0, 2), 'x']))).toMatchObject({ contains: 'x' })
  expect(decodeCursor(encoded([...good.with(0, 2), '\ud800']))).toBeUndefined()
  // A cursor of a range that has a name, which older code refuses too.
  expect(decodeCursor(encoded([...good.with(0, 3), null, 'all UTC']))).toMatchObject({ rangeName: 'all UTC' })
  expect(decodeCursor(encoded([...good.with(0, 3), null, null]))).toBeUndefined()
  // And one of a list by labels.
  const labelled = [...good.with(0, 4), null, null, ['plan:pro']]
  expect(decodeCursor(encoded(labelled))).toMatchObject({ where: ['plan:pro'] })
  expect(decodeCursor(encoded(labelled.with(8, ['\ud800'])))).toBeUndefined()
  expect(decodeCursor(Buffer.from([0x22, 0xff, 0x22]).toString('base64url'))).toBeUndefined()
})
