import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Splitter } from '../../../../../src/edge/ingest/formats/records/splitter.ts'
import { DOCUMENT_BYTES_MAX, RECORD_BYTES_MAX, RECORD_DEPTH_MAX } from '../../../../../src/limits.ts'
import { must } from '../../../../../src/model/assert.ts'

type Split = { readonly records: unknown[]; readonly refused: string[]; readonly isWhole: boolean }

/** Splits a body that comes in pieces of some bytes. */
function split(body: string | Uint8Array, pieceBytes = 65_536): Split {
  const records: unknown[] = []
  const refused: string[] = []
  const splitter = new Splitter({
    take: (record) => records.push(record),
    refuse: (reason) => refused.push(reason),
  })
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body
  for (let from = 0; from < bytes.length; from += pieceBytes) {
    splitter.push(bytes.slice(from, from + pieceBytes))
  }
  return { isWhole: splitter.end(), records, refused }
}

/**
 * V8 up to 14.6 (Node 24) may read a name that is written with an escape as another one with a backslash, which any object of
 * the process has: https://github.com/nodejs/node/issues/63785. Its newer releases, which Workers have, read all names. So no
 * name here has a backslash, and each begins with a mark that no name elsewhere begins with.
 */
const names = fc
  .string({ unit: fc.constantFrom('a', '"', '{', ']', ',', '\n', 'é', '𝄞'), maxLength: 4 })
  .map((name) => `§${name}`)

const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.string({ unit: fc.constantFrom('}', '[', '"', '\\', ' ', 'x', '漢') }),
    fc.integer(),
    // JSON has no -0.
    fc.jsonValue({ maxDepth: 0 }).map((value) => (value === 0 ? 0 : value)),
    fc.array(tie('value')),
    fc.dictionary(names, tie('value'), { maxKeys: 4 }),
  ),
}))

const record = fc.dictionary(names, must(value, 'an arbitrary'), { maxKeys: 4 })

const FORMS: Record<string, (records: readonly unknown[]) => string> = {
  'lines of NDJSON': (records) => records.map((each) => `${JSON.stringify(each)}\n`).join(''),
  'lines without a last end': (records) => records.map((each) => JSON.stringify(each)).join('\r\n'),
  'an array': (records) => JSON.stringify(records),
  'an array over several lines': (records) => JSON.stringify(records, null, 2),
  'documents that follow each other': (records) => records.map((each) => JSON.stringify(each)).join(''),
  'documents over several lines': (records) =>
    records.map((each) => JSON.stringify({ own: each }, null, 1)).join('\n'),
  'lines behind a byte order mark': (records) =>
    `\uFEFF${records.map((each) => JSON.stringify(each)).join('\n')}`,
}

describe('a body', () => {
  test.each(Object.keys(FORMS))(
    'of %s has the records that were written, in whatever pieces it comes',
    (form) => {
      fc.assert(
        fc.property(
          fc.array(record, { maxLength: 6 }),
          fc.integer({ min: 1, max: 40 }),
          (records, pieceBytes) => {
            const body = FORMS[form]?.(records) ?? ''
            const isOwn = form === 'documents over several lines'
            const written = isOwn ? records.map((own) => ({ own })) : records
            expect(split(body, pieceBytes)).toEqual({ records: written, refused: [], isWhole: true })
          },
        ),
      )
    },
  )

  test('[N2] of lines loses only those that cannot be read, wherever they are', () => {
    const line = fc.oneof(
      fc.integer({ min: 0, max: 9 }).map((n) => ({ text: `{"n":${n}}`, value: { n } as unknown })),
      fc.constantFrom('{"a":', 'x', '{"a" 1}', '"', '{"a":"\u0001"}').map((text) => ({
        text,
        value: undefined,
      })),
    )
    fc.assert(
      fc.property(
        fc.array(line, { minLength: 1, maxLength: 8 }),
        fc.integer({ min: 1, max: 20 }),
        (lines, n) => {
          const body = lines.map(({ text }) => text).join('\n')
          // An array is told by its first byte, so such a body is none of lines.
          fc.pre(!body.startsWith('['))
          const { records, refused } = split(body, n)
          const good = lines.flatMap(({ value }) => (value === undefined ? [] : [value]))
          expect(records).toEqual(good)
          expect(refused.length).toBe(lines.length - good.length)
        },
      ),
    )
  })

  test('[N2] of lines has one that is not UTF-8 refused alone', () => {
    const bytes = [
      ...new TextEncoder().encode('{"n":1}\n{"n":"'),
      0xff,
      ...new TextEncoder().encode('"}\n{"n":3}'),
    ]
    expect(split(new Uint8Array(bytes))).toEqual({
      records: [{ n: 1 }, { n: 3 }],
      refused: ['malformed'],
      isWhole: true,
    })
  })

  test('[N2] that is an array has a bad element refused alone', () => {
    expect(split('[{"n":1},{"n" 2},{"n":3}, {"n":4} {"n":5}]')).toEqual({
      records: [{ n: 1 }, { n: 3 }],
      refused: ['malformed', 'malformed'],
      isWhole: true,
    })
  })

  test.each(['[', '[{"n":1}', '[{"n":1},', '[{"n":"]'])(
    'that is an array without an end is not whole: %s',
    (body) => {
      expect(split(body).isWhole).toBe(false)
    },
  )

  test('[N2] that goes on behind its array has the rest refused, and said', () => {
    expect(split('[{"n":1}]\n  [{"n":2}]', 4)).toEqual({
      records: [{ n: 1 }],
      refused: ['malformed'],
      isWhole: true,
    })
  })

  test.each(['', ' ', '\n\n', '[]', ' [ ] '])('without a record has none: %j', (body) => {
    expect(split(body)).toEqual({ records: [], refused: [], isWhole: true })
  })
})

describe('a record', () => {
  const long = (bytes: number) => `{"a":"${'x'.repeat(bytes)}"}`

  test.each([
    ['lines', (text: string) => `{"n":1}\n${text}\n{"n":2}`],
    ['an array', (text: string) => `[{"n":1},${text},{"n":2}]`],
  ])('[I5] that is too large is refused alone, and not held: %s', (_, around) => {
    for (const pieceBytes of [1_000, 1 << 20]) {
      const { records, refused } = split(around(long(RECORD_BYTES_MAX)), pieceBytes)
      expect(records).toEqual([{ n: 1 }, { n: 2 }])
      expect(refused).toEqual(['too_large'])
      expect(split(around(long(RECORD_BYTES_MAX - 10)), pieceBytes).records.length).toBe(3)
    }
  })

  test('[I5] may be a document of its own, which may be larger', () => {
    expect(split(long(2 * RECORD_BYTES_MAX)).records.length).toBe(1)
    expect(split(long(DOCUMENT_BYTES_MAX))).toMatchObject({ records: [], refused: ['too_large'] })
  })

  test.each(['', '\n', '\r\n{"n":1}\n'])(
    '[N2] that is a large document is taken in whatever pieces it comes: %j',
    (rest) => {
      for (const bytes of [
        RECORD_BYTES_MAX - 20,
        RECORD_BYTES_MAX,
        RECORD_BYTES_MAX + 20,
        2 * RECORD_BYTES_MAX,
      ]) {
        const whole = split(long(bytes) + rest, 1 << 22)
        expect(whole.refused).toEqual([])
        for (const pieceBytes of [1_000, RECORD_BYTES_MAX, RECORD_BYTES_MAX + 15])
          expect(split(long(bytes) + rest, pieceBytes)).toEqual(whole)
      }
    },
  )

  test('[I5] in a line is measured in bytes, in whatever pieces it comes', () => {
    const lines = `{"n":1}\n{"a":"${'漢'.repeat(RECORD_BYTES_MAX / 3)}"}\n{"n":2}`
    for (const pieceBytes of [1_000, 1 << 22]) expect(split(lines, pieceBytes).refused).toEqual(['too_large'])
  })

  test('[I5] nested too deeply is refused before it is parsed', () => {
    const deep = (depth: number) => `[${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}]`
    expect(split(deep(RECORD_DEPTH_MAX))).toMatchObject({ refused: [] })
    expect(split(deep(RECORD_DEPTH_MAX + 1))).toMatchObject({ records: [], refused: ['too_large'] })
  })

  test('[A2] keeps the digits of numbers that a double would lose', () => {
    const [read] = split('{"ns":1795998964123456789,"n":9007199254740990.6,"ok":1795998964.123456}').records
    expect(read).toEqual({ ns: '1795998964123456789', n: '9007199254740990.6', ok: 1795998964.123456 })
  })
})

test('[I5] arbitrary bytes in arbitrary pieces are taken or refused, and never throw', () => {
  const noise = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.string({
      unit: fc.constantFrom('{', '}', '[', ']', '"', ',', ':', '\n', '\\', '1', ' ', 'a'),
      maxLength: 60,
    }),
  )
  fc.assert(
    fc.property(noise, fc.integer({ min: 1, max: 30 }), (body, pieceBytes) => {
      const { isWhole } = split(body, pieceBytes)
      expect(isWhole).toBeTypeOf('boolean')
      expect(split(body, pieceBytes)).toEqual(split(body))
    }),
    { numRuns: 2_000 },
  )
})
