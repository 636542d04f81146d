import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { checkIncrements } from '../../../src/edge/ingest/checked-increments.ts'
import { parseJsonExactly } from '../../../src/edge/ingest/exact-numbers.ts'
import { KnownTexts, plainKey } from '../../../src/edge/ingest/fast-path/known-texts.ts'
import { readPlainBody } from '../../../src/edge/ingest/fast-path/plain-body.ts'
import { KEY_BYTES_MAX, KNOWN_TEXTS_MAX, LEARNED_KEYS_MAX, REQUEST_ITEMS_MAX } from '../../../src/limits.ts'
import { hourOf } from '../../../src/model/hour.ts'
import { hashKey } from '../../../src/model/shard-name.ts'
import { keys, values } from '../../support/arbitraries.ts'
import { scheduleOf } from '../../support/schedule.ts'

const TERMS = {
  nowMs: Date.UTC(2026, 10, 21, 20, 15),
  lateHours: scheduleOf('72'),
  mayAdjust: false,
}
const HOUR = hourOf(TERMS.nowMs)

const known = new KnownTexts(plainKey)

/** Again until its keys are known, because a body is left to JSON.parse while many are not. */
function readPlain(text: string) {
  const bytes = new TextEncoder().encode(text)
  for (;;) {
    const before = known.learned
    const plain = readPlainBody(bytes, known, HOUR)
    if (plain !== undefined || known.learned === before) return plain
  }
}

/** The increments that JSON.parse and the check of each item make of a body; undefined when they refuse it. */
function readAtLength(text: string) {
  try {
    const items = parseJsonExactly(text)
    const checked = Array.isArray(items) ? checkIncrements(items, undefined, TERMS) : undefined
    return checked?.ok ? checked.value : undefined
  } catch {
    return undefined
  }
}

function expectSame(text: string): void {
  const plain = readPlain(text)
  if (plain === undefined) return
  const { hashes, ...columns } = plain
  expect({ ...columns, isPlain: false }).toEqual(readAtLength(text))
  expect(hashes).toEqual(plain.keys.map(hashKey))
}

const plainKeys = fc.oneof(
  fc.stringMatching(/^[a-c]\/[a-c]$/),
  fc
    .string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 40 })
    .filter((key) => !/["\\\u007f]/.test(key)),
)
const plainItems = fc.record(
  { key: plainKeys, value: fc.integer({ min: 1, max: 999_999_999_999_999 }) },
  { requiredKeys: ['key'] },
)

describe('a plain body', () => {
  test('[I2] is read as it is, with and without spaces', () => {
    fc.assert(
      fc.property(fc.array(plainItems, { minLength: 1, maxLength: 20 }), fc.boolean(), (items, isSpaced) => {
        const text = isSpaced
          ? `[${items.map(({ key, value }) => `{"key": "${key}"${value === undefined ? '' : `, "value": ${value}`}}`).join(', ')}]`
          : JSON.stringify(items)
        expect(readPlain(text)?.keys).toEqual(items.map(({ key }) => key))
        expect(readPlain(text)?.values).toEqual(items.map(({ value = 1 }) => value))
        expectSame(text)
      }),
    )
  })

  test('[I2] is what JSON.parse and the check of each item make of it, or is left to them', () => {
    const anyItems = fc.array(
      fc.record({ key: fc.oneof(plainKeys, keys), value: fc.oneof(values, fc.jsonValue()) }),
    )
    fc.assert(
      fc.property(
        anyItems,
        fc.string({ unit: 'binary', maxLength: 3 }),
        fc.nat(),
        fc.nat(4),
        (items, put, at, cut) => {
          const text = JSON.stringify(items)
          expectSame(text)
          const from = at % (text.length + 1)
          expectSame(text.slice(0, from) + put + text.slice(from + cut))
        },
      ),
      { numRuns: 2_000 },
    )
  })

  test.each([
    '',
    '[',
    '[]',
    '{"key":"a"}',
    '[{"key":"a"}',
    '[{"key":"a"},]',
    '[{"key":"a"}] ',
    '[{"key":""}]',
    '[{"key":"a\\n"}]',
    '[{"key":"a\tb"}]',
    '[{"key":"é"}]',
    '[{"key":"a\u007f"}]',
    '[{"key":"a","value":0}]',
    '[{"key":"a","value":01}]',
    '[{"key":"a","value":-1}]',
    '[{"key":"a","value":1.5}]',
    '[{"key":"a","value":1e3}]',
    '[{"key":"a","value":}]',
    '[{"key":"a","value":1000000000000000}]',
    '[{"key":"a","value":1,"at":1}]',
    '[{"key":"a","key":"b"}]',
    '[{"kez":"a"}]',
    '[{"key":"a","valve":1}]',
    '[{"key":"a',
    '[{"key":"a"',
    '[{"key":"a","value":1',
    `[{"key":"${'a'.repeat(KEY_BYTES_MAX + 1)}"}]`,
  ])('[I2] is no other: %s', (text) => expect(readPlain(text)).toBeUndefined())

  test('has at most as many items as a request, each with a key of at most its bound', () => {
    const text = (count: number) =>
      JSON.stringify(Array(count).fill({ key: 'a'.repeat(KEY_BYTES_MAX - 4) + count }))
    expect(readPlain(text(1_000))?.keys).toHaveLength(1_000)
    const many = (count: number) => JSON.stringify(Array(count).fill({ key: 'a' }))
    expect(readPlain(many(REQUEST_ITEMS_MAX))?.keys).toHaveLength(REQUEST_ITEMS_MAX)
    expect(readPlain(many(REQUEST_ITEMS_MAX + 1))).toBeUndefined()
  })
})

test('[I5] of keys that are all new an isolate keeps a bounded number, and reads each', () => {
  for (let from = 0; from <= 3 * KNOWN_TEXTS_MAX; from += 5_000) {
    const items = Array.from({ length: 5_000 }, (_, i) => ({ key: `new/${from + i}` }))
    expect(readPlain(JSON.stringify(items))?.keys).toEqual(items.map(({ key }) => key))
    expect(known.texts.length).toBeLessThanOrEqual(KNOWN_TEXTS_MAX)
  }
})

test('[I2] keys that share a hash are told apart', () => {
  const text = 'abcdefghijklmnop'
  const view = new DataView(new TextEncoder().encode(text).buffer)
  for (let round = 0; round < 2; round++)
    for (let i = 0; i < text.length; i++) expect(known.texts[known.numberOf(view, i, i + 1, 7)]).toBe(text[i])
})

test('[I5] a key that finds no slot takes that of another, and is known from then on', () => {
  const crowded = new KnownTexts(plainKey)
  const view = new DataView(new TextEncoder().encode('abcdefghijklmnop').buffer)
  for (let i = 0; i < view.byteLength; i++) crowded.numberOf(view, i, i + 1, 7)
  const last = view.byteLength - 1
  const number = crowded.numberOf(view, last, last + 1, 7)
  expect(crowded.numberOf(view, last, last + 1, 7)).toBe(number)
  expect(crowded.texts).toHaveLength(view.byteLength)
})

test('[I5] of a body a bounded number of keys is learned, and of a small one a few', () => {
  const learning = new KnownTexts(plainKey)
  const learn = (count: number) => {
    const before = learning.learned
    const body = JSON.stringify(Array.from({ length: count }, (_, i) => ({ key: `${count}/${i}` })))
    return [readPlainBody(new TextEncoder().encode(body), learning, HOUR), learning.learned - before]
  }
  expect(learn(REQUEST_ITEMS_MAX)).toEqual([undefined, LEARNED_KEYS_MAX + 1])
  expect(learn(10)).toEqual([undefined, 5])
  expect(learn(10)).toEqual([undefined, 5])
  expect(learn(10)).toMatchObject([{ keys: { length: 10 } }, 0])
})
