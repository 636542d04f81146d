import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { covers, groupBase, type KeyRange, keysFrom, keysUnder, successorOf } from '../../src/model/key.ts'

/** Few characters, so that texts often begin alike; the ends of each length in UTF-8, and those beside the surrogates. */
const CHARACTERS = [
  'a',
  'b',
  '/',
  '!',
  '0',
  '\u007f',
  '\u0080',
  '\u07ff',
  '\u0800',
  '\ud7ff',
  '\ue000',
  '\uffff',
]
const PLANES = ['\u{10000}', '\u{10fffe}', '\u{10ffff}']
const unit = fc.constantFrom(...CHARACTERS, ...PLANES)
const texts = fc.oneof(
  fc.string({ unit, maxLength: 5 }),
  fc.string({ unit: 'binary', maxLength: 5 }).filter((text) => text.isWellFormed()),
  fc.string({ unit: fc.constantFrom('\u{10ffff}', 'a'), maxLength: 4 }),
)
const keys = texts.filter((text) => text !== '' && !/\p{Cc}/u.test(text))

/** Compares as Postgres does under collate "C". */
function compare(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}

function isIn(key: string, { from, to }: KeyRange): boolean {
  return compare(key, from) >= 0 && (to === null || compare(key, to) < 0)
}

describe('a prefix as a range of bytes', () => {
  test('holds exactly the texts that begin with it', () => {
    fc.assert(
      fc.property(texts, texts, (prefix, text) => {
        for (const key of [text, prefix + text, text + prefix, prefix]) {
          expect(isIn(key, keysFrom(prefix))).toBe(key.startsWith(prefix))
        }
      }),
      { numRuns: 4_000 },
    )
  })

  test('ends with well-formed text, and with nothing in between', () => {
    fc.assert(
      fc.property(texts, (prefix) => {
        const next = successorOf(prefix)
        if (next === null) {
          expect(prefix).toMatch(/^\u{10ffff}*$/u)
          return
        }
        expect(next.isWellFormed()).toBe(true)
        expect(compare(prefix, next)).toBeLessThan(0)
        expect(isIn(next, keysFrom(prefix))).toBe(false)
        expect(isIn(`${prefix}${'\u{10ffff}'.repeat(20)}`, keysFrom(prefix))).toBe(true)
      }),
      { numRuns: 2_000 },
    )
  })

  test.each([
    ['site/', 'site0'],
    ['\ud7ff', '\ue000'],
    ['a\u{10ffff}', 'b'],
    ['a\u{10ffff}\u{10ffff}', 'b'],
    ['\ud7ff\u{10ffff}', '\ue000'],
    ['\uffff', '\u{10000}'],
    ['\u{10ffff}', null],
    ['', null],
  ])('%j ends before %j', (prefix, next) => {
    expect(successorOf(prefix)).toBe(next)
  })
})

describe('[S2] a prefix and a grant', () => {
  const grants = keys
  const related = fc.tuple(grants, texts, texts).chain(([grant, a, b]) =>
    fc.record({
      grant: fc.constant(grant),
      prefix: fc.constantFrom(a, grant, `${grant}/`, `${grant}/${a}`, grant + a, grant.slice(0, 1)),
      key: fc.constantFrom(a + b, grant, `${grant}/${a}${b}`, grant + a, `${grant}/`, `${grant}!${a}`),
    }),
  )

  test('have the keys that begin with the one and that the other covers, in whole segments', () => {
    fc.assert(
      fc.property(related, ({ grant, prefix, key }) => {
        fc.pre(prefix.isWellFormed() && !/\p{Cc}/u.test(key) && key !== '')
        const ranges = keysUnder(prefix, grant) ?? []
        expect(ranges.some((range) => isIn(key, range))).toBe(key.startsWith(prefix) && covers(grant, key))
      }),
      { numRuns: 4_000 },
    )
  })

  test('are ascending ranges without a key in two of them, so that none counts twice', () => {
    expect(keysUnder('site/ac', 'site/acme')).toEqual([
      { from: 'site/acme', to: 'site/acme\u0001' },
      { from: 'site/acme/', to: 'site/acme0' },
    ])
  })

  test.each(['site/acme-corp', 'site/acme-corp/', 'site/b', 'other', 'site/acme!'])(
    'have nothing in common: %j and site/acme',
    (prefix) => {
      expect(keysUnder(prefix, 'site/acme')).toBeUndefined()
    },
  )
})

test.each([
  ['', ''],
  ['site', ''],
  ['site/', 'site/'],
  ['site/exa', 'site/'],
  ['/', '/'],
  ['a//', 'a//'],
])('groups under %j begin behind %j', (prefix, base) => {
  expect(groupBase(prefix)).toBe(base)
})
