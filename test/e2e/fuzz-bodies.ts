import fc from 'fast-check'
import { keys } from '../support/arbitraries.ts'
import * as words from './fuzz-words.ts'

/**
 * Bodies for `POST /increment`: most are good or nearly so, for what is wholly garbage never reaches the checks.
 * Items are made as JSON text, because no object has a field twice, or a number that JavaScript cannot hold.
 */

/** When the run began: the times in bodies stand near it, so that open and closed hours are among them. */
const BEGAN_MS = Date.now()

const numberTexts = fc.oneof(
  fc.constantFrom(...words.NUMBERS),
  fc.maxSafeInteger().map(String),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
)

const stringTexts = fc.oneof(
  fc.constantFrom(...words.STRINGS),
  fc.string({ unit: 'binary', maxLength: 30 }).map((text) => JSON.stringify(text)),
)

/** Brackets within brackets, closed or not. */
const deepTexts = fc
  .tuple(
    fc.constantFrom(['[', ']'], ['{"a":', '}'], ['{"value":[', ']}']),
    fc.nat({ max: 12_000 }),
    fc.boolean(),
  )
  .map(([[open = '', close = ''], depth, isClosed]) => {
    return `${open.repeat(depth)}1.5${isClosed ? close.repeat(depth) : ''}`
  })

/** Any value, or what is none. */
const valueTexts = fc.oneof(
  { weight: 4, arbitrary: numberTexts },
  { weight: 4, arbitrary: stringTexts },
  { weight: 2, arbitrary: fc.json({ maxDepth: 3 }) },
  { weight: 1, arbitrary: deepTexts },
  { weight: 2, arbitrary: fc.constantFrom(...words.NO_VALUES) },
)

const goodTimes = fc
  .tuple(fc.integer({ min: -240, max: 8 }), fc.constantFrom('iso', 'offset', 'ms'))
  .map(([minutes, form]) => {
    const ms = BEGAN_MS + minutes * 60_000
    if (form === 'ms') return String(ms)
    const text = new Date(form === 'iso' ? ms : ms + 19_800_000).toISOString()
    return JSON.stringify(form === 'iso' ? text : text.replace('Z', '+05:30'))
  })

/** Few, so that they meet again. */
const ids = fc.constantFrom('"a"', '"b"', '"0193f2a4-7c1e-7000-8000-000000000001"')

type Member = readonly [name: string, text: string]

const goodKeys = fc.oneof(keys, fc.constantFrom('fuzz/a', 'fuzz/b')).map((key): Member => {
  return ['"key"', JSON.stringify(key)]
})

const optional = (name: string, text: fc.Arbitrary<string>) =>
  fc.option(
    text.map((t): Member => [name, t]),
    { nil: undefined, freq: 2 },
  )

const goodItems = fc
  .tuple(
    goodKeys,
    optional('"value"', fc.integer({ min: 1, max: 1_000 }).map(String)),
    optional('"at"', goodTimes),
  )
  .map((members) => members.filter((member) => member !== undefined))

/** A member of any name; often of a right name with a value that is nearly right. */
const strangeMembers: fc.Arbitrary<Member> = fc.oneof(
  fc.tuple(fc.constantFrom(...words.NAMES), valueTexts),
  fc.tuple(fc.constant('"value"'), numberTexts),
  fc.tuple(fc.constant('"key"'), stringTexts),
  fc.tuple(fc.constant('"at"'), fc.constantFrom(...words.TIMES)),
  fc.tuple(fc.constant('"id"'), fc.oneof(ids, stringTexts)),
)

const textOf = (members: readonly Member[]) =>
  `{${members.map(([name, text]) => `${name}:${text}`).join(',')}}`

const items = fc.oneof(
  { weight: 40, arbitrary: goodItems.map(textOf) },
  {
    weight: 3,
    arbitrary: fc
      .tuple(goodItems, ids, goodTimes)
      .map(([item, id, at]) => textOf([...item, ['"id"', id], ['"at"', at]])),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(goodItems, strangeMembers).map(([item, member]) => textOf([...item, member])),
  },
  { weight: 1, arbitrary: fc.array(strangeMembers, { maxLength: 5 }).map(textOf) },
  { weight: 1, arbitrary: valueTexts },
)

const lists = fc.array(items, { maxLength: 8 })

const documents = fc.oneof(
  items,
  lists.map((list) => `[${list.join(',')}]`),
  fc
    .tuple(lists, fc.constantFrom(',', ' , ', ',,', ';', '\n'))
    .map(([list, comma]) => `[${list.join(comma)}]`),
)

const lines = fc
  .tuple(
    lists,
    fc.constantFrom('\n', '\r\n', '\n\n', '\n \t\n', '\r', '\u2028'),
    fc.constantFrom('', '\n', '\ufeff'),
  )
  .map(([list, newline, end]) => `${list.join(newline)}${end}`)

/** Bytes changed, put in, left out or cut off. */
const damages = fc.oneof(
  { weight: 16, arbitrary: fc.constant((bytes: Buffer) => bytes) },
  { weight: 1, arbitrary: fc.nat().map((n) => (bytes: Buffer) => bytes.subarray(0, n % (bytes.length + 1))) },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.nat(), fc.uint8Array({ maxLength: 4 })).map(([n, put]) => (bytes: Buffer) => {
      const at = n % (bytes.length + 1)
      return Buffer.concat([bytes.subarray(0, at), put, bytes.subarray(at + (n % 3))])
    }),
  },
  { weight: 1, arbitrary: fc.constant((bytes: Buffer) => Buffer.concat([Buffer.from('\ufeff'), bytes])) },
  { weight: 1, arbitrary: fc.constant((bytes: Buffer) => Buffer.from(bytes.toString(), 'utf16le')) },
)

export type Body = { readonly format: 'json' | 'ndjson'; readonly bytes: Buffer }

const formatted = fc.oneof(
  { weight: 3, arbitrary: documents.map((text) => ({ format: 'json' as const, text })) },
  { weight: 2, arbitrary: lines.map((text) => ({ format: 'ndjson' as const, text })) },
)

export const bodies: fc.Arbitrary<Body> = fc.oneof(
  {
    weight: 15,
    arbitrary: fc
      .tuple(formatted, damages)
      .map(([{ format, text }, damage]) => ({ format, bytes: damage(Buffer.from(text)) })),
  },
  {
    weight: 1,
    arbitrary: fc
      .uint8Array({ maxLength: 200 })
      .map((bytes) => ({ format: 'json' as const, bytes: Buffer.from(bytes) })),
  },
)
