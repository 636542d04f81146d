import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseIdempotencyKey } from '../../../src/edge/ingest/body.ts'
import type { Terms } from '../../../src/edge/ingest/check.ts'
import { goodItem, itemSchema } from '../../../src/edge/ingest/check.ts'
import { checkIncrements } from '../../../src/edge/ingest/checked-increments.ts'
import { parseJsonExactly } from '../../../src/edge/ingest/exact-numbers.ts'
import { BAD_ITEMS_TOLD_MAX, KEY_BYTES_MAX } from '../../../src/limits.ts'
import { edgeClosesMs, retireAtMs, shardClosesMs } from '../../../src/model/closing.ts'
import { hourOf } from '../../../src/model/hour.ts'
import { keyFault } from '../../../src/model/key.ts'
import { keys, values } from '../../support/arbitraries.ts'
import { rowsOf } from '../../support/increments.ts'
import { goodOf } from '../../support/result.ts'
import { scheduleOf } from '../../support/schedule.ts'

const NOW = Date.UTC(2026, 10, 21, 20, 15)
const MINUTE = 60_000
const LATE = scheduleOf('72')
const TERMS: Terms = { nowMs: NOW, lateHours: LATE, mayAdjust: false }

/** The increments, or what is wrong with them. */
function check(items: readonly unknown[], terms: Partial<Terms> = {}, idempotencyKey?: string) {
  const checked = checkIncrements(items, idempotencyKey, { ...TERMS, ...terms })
  return checked.ok ? rowsOf(checked.value) : checked.error
}

function parseOne(json: string) {
  return check([parseJsonExactly(json)])
}

describe('an increment', () => {
  test('[I2] is taken as sent, with 1 as its default value', () => {
    fc.assert(
      fc.property(keys, fc.option(values, { nil: undefined }), (key, value) => {
        const item = value === undefined ? { key } : { key, value }
        expect(parseOne(JSON.stringify(item))).toEqual([{ key, value: value ?? 1, hour: hourOf(NOW) }])
      }),
    )
  })

  test('[I2] checked by hand is good when the schema finds it good, and is the same then', () => {
    fc.assert(
      fc.property(anyItem, fc.boolean(), (item, mayAdjust) => {
        const parsed = itemSchema(mayAdjust).safeParse(item)
        expect(goodItem(item, mayAdjust)).toEqual(parsed.success ? parsed.data : undefined)
      }),
      { numRuns: 2_000 },
    )
  })

  test.each([
    ['"2026-11-21T20:15:00Z"', NOW],
    [String(NOW), NOW],
    ['"2026-11-21T21:15:00.5+01:00"', NOW + 500],
  ])('takes at: %s', (at, atMs) => {
    expect(parseOne(`{"key":"a","at":${at}}`)).toEqual([{ key: 'a', value: 1, hour: hourOf(atMs) }])
  })

  test.each([
    ['an unknown field', '{"key":"a","vlaue":2}', '', /unknown fields "vlaue"/],
    ['a field named __proto__', '{"key":"a","__proto__":2}', '', /unknown fields/],
    ['an id without at', '{"key":"a","id":"x"}', 'at', /at_required/],
    [
      'an id of another UUID version without at',
      '{"key":"a","id":"5f0c4f0e-2a52-4f3d-9c3d-1f1f0a3c8f11"}',
      'at',
      /at_required/,
    ],
    ['an empty id', '{"key":"a","id":""}', 'id', /must not be empty/],
    ['an id of 65 bytes', `{"key":"a","id":"${'x'.repeat(65)}"}`, 'id', /at most 64 bytes/],
    ['a control character in an id', '{"key":"a","id":"x\\n"}', 'id', /control characters/],
    ['an id that is no text', '{"key":"a","id":7}', 'id', /must be a string/],
    ['no key', '{"value":1}', 'key', /must be a string/],
    ['an empty key', '{"key":""}', 'key', /must not be empty/],
    ['a key of 513 bytes', `{"key":"${'a'.repeat(513)}"}`, 'key', /at most 512 bytes/],
    ['a key of 513 bytes in 171 characters', `{"key":"${'漢'.repeat(171)}"}`, 'key', /at most 512 bytes/],
    ['a line feed in a key', '{"key":"a\\nb"}', 'key', /control characters/],
    ['a NUL in a key', '{"key":"a\\u0000"}', 'key', /control characters/],
    ['a C1 control in a key', '{"key":"a\\u0085"}', 'key', /control characters/],
    ['a lone surrogate in a key', '{"key":"a\\ud800"}', 'key', /well-formed/],
    ['value zero', '{"key":"a","value":0}', 'value', /must not be 0/],
    ['value minus zero', '{"key":"a","value":-0}', 'value', /must not be 0/],
    ['a negative value', '{"key":"a","value":-1}', 'value', /must be positive.* scope `adjust`/],
    ['a fractional value', '{"key":"a","value":1.5}', 'value', /whole number/],
    [
      'a fraction that parsing rounds away',
      '{"key":"a","value":9007199254740990.6}',
      'value',
      /whole number/,
    ],
    ['a tiny fraction', '{"key":"a","value":1.00000000000000000001}', 'value', /whole number/],
    ['a fraction by exponent', '{"key":"a","value":15e-1}', 'value', /whole number/],
    [
      'a fraction under an escaped name',
      '{"key":"a","v\\u0061lue":2.00000000000000000001}',
      'value',
      /whole number/,
    ],
    ['a value beyond 2^53-1', '{"key":"a","value":9007199254740992}', 'value', /at most 9007199254740991/],
    ['a value beyond a double', '{"key":"a","value":1e999}', 'value', /must be/],
    ['a value as text', '{"key":"a","value":"1"}', 'value', /must be a number/],
    ['a null value', '{"key":"a","value":null}', 'value', /must be a number/],
    ['a malformed at', '{"key":"a","at":"yesterday"}', 'at', /RFC 3339/],
    ['an at with a fraction of a millisecond', '{"key":"a","at":1.5}', 'at', /RFC 3339/],
    ['an at that is no time at all', '{"key":"a","at":-8640000000000001}', 'at', /RFC 3339/],
    ['an at before any calendar', '{"key":"a","at":"0000-01-01T00:00:00Z"}', 'at', /RFC 3339/],
    ['an at of another type', '{"key":"a","at":true}', 'at', /RFC 3339/],
    ['a number', '1', '', /must be an object/],
    ['null', 'null', '', /must be an object/],
    ['an array', '[]', '', /must be an object/],
  ])('[I2] is refused with a reason: %s', (_, json, path, message) => {
    expect(parseOne(json)).toEqual({
      kind: 'invalid_increments',
      errors: [{ index: 0, path, message: expect.stringMatching(message) }],
      more: 0,
    })
  })

  test.each(['1', '1.0', '1e0', '1.50e1', '1500e-2', '9007199254740991', '9007199254740991.000'])(
    'takes %s, which is whole as written',
    (value) => expect(parseOne(`{"key":"a","value":${value}}`)).toMatchObject([{ value: Number(value) }]),
  )

  test('[I2] one bad item refuses all; the first hundred bad items are named, and the others counted', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { minLength: 1, size: 'large' }), (good) => {
        const items = good.map((isGood) => (isGood ? { key: 'a' } : { key: 'a', value: 0 }))
        const bad = good.flatMap((isGood, index) => (isGood ? [] : [{ index }]))
        const told = {
          errors: bad.slice(0, BAD_ITEMS_TOLD_MAX),
          more: Math.max(0, bad.length - BAD_ITEMS_TOLD_MAX),
        }
        if (bad.length === 0) expect(check(items)).toHaveLength(good.length)
        else expect(check(items)).toMatchObject({ kind: 'invalid_increments', ...told })
      }),
    )
  })

  test('[S2] a negative value is taken with the scope adjust, and no other value that is not without it', () => {
    const adjust = (value: number) => check([{ key: 'a', value }], { mayAdjust: true })
    for (const value of [-1, 1, Number.MIN_SAFE_INTEGER]) expect(adjust(value)).toMatchObject([{ value }])
    for (const value of [0, -0, -1.5, Number.MIN_SAFE_INTEGER - 1, Number.NEGATIVE_INFINITY])
      expect(adjust(value)).toMatchObject({ errors: [{ path: 'value' }] })
  })

  test('a key of exactly its bound is taken', () => {
    expect(keyFault('a'.repeat(KEY_BYTES_MAX))).toBeUndefined()
    expect(keyFault('𝄞'.repeat(KEY_BYTES_MAX / 4))).toBeUndefined()
  })
})

describe('an id', () => {
  test('[I3] stands beside at', () => {
    expect(parseOne(`{"key":"a","id":"x","at":${NOW}}`)).toEqual([
      { key: 'a', value: 1, hour: hourOf(NOW), id: 'x' },
    ])
  })

  test('[I3] [K1] that is a UUID of version 7 supplies at', () => {
    const hex = (NOW - 3 * 3_600_000).toString(16).padStart(12, '0')
    const id = `${hex.slice(0, 8)}-${hex.slice(8)}-7abc-9def-0123456789ab`
    expect(parseOne(`{"key":"a","id":"${id}"}`)).toMatchObject([{ hour: hourOf(NOW) - 3, id }])
    expect(check([{ key: 'a' }, { key: 'b', at: NOW }], {}, id)).toEqual([
      { key: 'a', value: 1, hour: hourOf(NOW) - 3 },
      { key: 'b', value: 1, hour: hourOf(NOW) },
    ])
  })

  test('[I3] that is a UUID of version 7 is one, in upper case and in lower case', () => {
    const id = '019ab000-0000-7abc-9def-0123456789ab'
    const spelt = (spelling: string) => check([{ key: 'a', at: NOW, id: spelling }])
    expect(spelt(id.toUpperCase())).toEqual(spelt(id))
    expect(goodOf(checkIncrements([{ key: 'a', at: NOW }], id.toUpperCase(), TERMS)).idempotencyKey).toBe(id)
    // Other ids are texts, in which every letter counts.
    expect(spelt('ORDER-17')).toMatchObject([{ id: 'ORDER-17' }])
  })

  test('does not stand beside an Idempotency-Key, which needs at too', () => {
    expect(check([{ key: 'a', at: NOW, id: 'y' }], {}, 'x')).toMatchObject({ errors: [{ path: 'id' }] })
    expect(check([{ key: 'a' }], {}, 'x')).toMatchObject({ errors: [{ path: 'at' }] })
  })

  test.each([
    [null, undefined],
    ['abc', 'abc'],
    [' "abc" ', 'abc'],
    ['"a b/c"', 'a b/c'],
  ])('the header %j is the key %j', (header, key) =>
    expect(parseIdempotencyKey(header)).toEqual({ ok: true, value: key }),
  )

  test.each(['', '""', 'x'.repeat(65)])('the header %j is refused by name', (header) => {
    expect(parseIdempotencyKey(header)).toMatchObject({ ok: false, error: { parameter: 'Idempotency-Key' } })
  })
})

describe('the hour of an increment', () => {
  const stamp = (atMs: number | undefined, nowMs = NOW) => {
    const checked = check([{ key: 'a', at: atMs }], { nowMs })
    return Array.isArray(checked) ? checked.map(({ hour }) => hour) : checked
  }

  test('[K1] is that of at, or else that of its arrival', () => {
    expect(stamp(undefined)).toEqual([hourOf(NOW)])
    expect(stamp(NOW - 30 * MINUTE)).toEqual([hourOf(NOW) - 1])
  })

  test('may be ahead by five minutes and no more', () => {
    expect(stamp(NOW + 5 * MINUTE)).toEqual([hourOf(NOW)])
    expect(stamp(NOW + 5 * MINUTE + 1)).toMatchObject({
      errors: [{ index: 0, path: 'at', message: expect.stringContaining('ahead') }],
    })
  })

  test('may be late until its hour closes and no later', () => {
    const hour = hourOf(NOW)
    const closes = edgeClosesMs(hour, LATE)
    expect(stamp(NOW, closes - 1)).toEqual([hour])
    expect(stamp(NOW, closes)).toMatchObject({
      errors: [{ index: 0, path: 'at', message: expect.stringContaining('2026-11-21T20Z is a closed hour') }],
    })
  })

  test('in 1970 is told that its time may be in seconds', () => {
    expect(stamp(NOW / 1000)).toMatchObject({
      errors: [{ path: 'at', message: expect.stringContaining('if you sent seconds, send milliseconds') }],
    })
  })

  test('closes at the edge before it closes in the shard, and in the shard before it retires', () => {
    const hour = hourOf(NOW)
    expect(shardClosesMs(hour, LATE)).toBeGreaterThan(edgeClosesMs(hour, LATE))
    expect(retireAtMs(hour, LATE)).toBeGreaterThan(shardClosesMs(hour, LATE))
  })
})

describe('exact parsing', () => {
  test('takes no longer for long runs of zeros than for other text', () => {
    const zeros = '0'.repeat(1_000_000)
    expect(parseJsonExactly(`{"value":1.${zeros}1}`)).toEqual({ value: 0.5 })
    expect(parseJsonExactly(`{"value":1.${zeros}}`)).toEqual({ value: 1 })
  })
})

/** Anything that a field may be given, good values most often. */
const anyField = (good: fc.Arbitrary<unknown>) =>
  fc.oneof({ weight: 6, arbitrary: good }, { weight: 1, arbitrary: fc.jsonValue() })

const edgeValues = fc.constantFrom(
  0,
  -0,
  -1,
  0.5,
  2 ** 53,
  -(2 ** 53),
  Number.MAX_SAFE_INTEGER,
  Number.POSITIVE_INFINITY,
)

const edgeTexts = fc.constantFrom(
  '',
  '\u007f',
  '\u0085',
  '\ud800',
  'x'.repeat(512),
  'x'.repeat(513),
  'é'.repeat(257),
)

const instants = fc.oneof(
  fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
  fc.date({ noInvalidDate: true }).map(Number),
  fc.constantFrom('2026-11-21T20:15:00', '2026-02-30T00:00:00Z', 1.5, Number.MAX_SAFE_INTEGER, ''),
)

/** Items as JSON makes them, and whatever else may stand in their place. */
const anyItem = fc.oneof(
  {
    weight: 9,
    arbitrary: fc.record(
      {
        key: anyField(fc.oneof(keys, edgeTexts, fc.string({ unit: 'binary', maxLength: 6 }))),
        value: anyField(fc.oneof(values, edgeValues, fc.maxSafeInteger())),
        at: anyField(instants),
        id: anyField(fc.oneof(fc.string({ unit: 'binary', maxLength: 66 }), edgeTexts)),
      },
      { requiredKeys: ['key'] },
    ),
  },
  {
    weight: 1,
    arbitrary: fc.oneof(
      fc.jsonValue(),
      fc.constantFrom({ key: 'a', vlaue: 2 }, JSON.parse('{"key":"a","__proto__":2}')),
    ),
  },
)

test('[I2] each bad label of an item is named, whatever its name is', () => {
  expect(parseOne('{"key":"a","labels":{"__proto__":5,"plan":"","ok":"x"}}')).toMatchObject({
    errors: [
      { index: 0, path: 'labels.__proto__', message: 'must be a string' },
      { index: 0, path: 'labels.plan', message: 'must not be empty: leave the label out' },
    ],
  })
  for (const labels of [new Map([['plan', 'pro']]), new Date(0), [], 'plan', 5, null]) {
    expect(check([{ key: 'a', labels }])).toMatchObject({
      errors: [{ index: 0, path: 'labels', message: expect.stringContaining('must be an object of texts') }],
    })
  }
  const long = {
    key: 'k'.repeat(512),
    labels: Object.fromEntries(['a', 'b', 'c', 'd'].map((n) => [n, 'x'.repeat(128)])),
  }
  expect(check([long])).toMatchObject({
    errors: [{ path: 'labels', message: expect.stringContaining('together with the key') }],
  })
})
