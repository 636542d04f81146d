import { describe, expect, test } from 'vitest'
import { metersSchema } from '../../../src/model/meter/definition.ts'

function faultsOf(meters: unknown): string[] {
  const parsed = metersSchema.safeParse(typeof meters === 'string' ? meters : JSON.stringify(meters))
  return parsed.success ? [] : parsed.error.issues.map(({ path, message }) => `${path.join('.')} ${message}`)
}

const textOf = (meter: object) =>
  metersSchema.parse(JSON.stringify([{ name: 'm', key: 'k', ...meter }]))[0]?.text

describe('METERS', () => {
  test.each<[unknown, string]>([
    ['no json', ' must be JSON'],
    [{}, ' must be a JSON array of meters'],
    [
      ['x'],
      '0 must be an object with name, key and perhaps match, value, scale, labels, at, id, records, repeat',
    ],
    [
      [{ name: 'a b', key: 'k' }],
      '0.name must be 1 to 64 letters, digits, - and _, with a letter or digit in front',
    ],
    [[{ name: 'm' }], '0.key must be a string'],
    [[{ name: 'm', key: '{' }], '0.key a brace is left over'],
    [[{ name: 'm', key: 'k', at: 'timestamp' }], '0.at must have a field in braces, such as {timestamp}'],
    [[{ name: 'm', key: 'k', value: '1' }], '0.value must have a field in braces, such as {value}'],
    [[{ name: 'm', key: 'k', scale: 50 }], '0.scale must be a power of ten, such as 100 or 0.001'],
    [
      [{ name: 'm', key: 'k', scale: 100 }],
      '0.scale multiplies the value, so the meter needs a `value`, such as {value}',
    ],
    [
      [{ name: 'm', key: 'k', match: { 'a|b': 'c' } }],
      '0.match has no filter `b`: there are path, host, lower, segments:N and or:TEXT',
    ],
    [
      [{ name: 'm', key: 'k', match: { a: {} } }],
      '0.match.a must be a text, a number, true, false, or an array of those',
    ],
    [[{ name: 'm', key: 'k', match: ['a'] }], '0.match must be an object of fields and their values'],
    [[{ name: 'm', key: 'k', labels: 'a' }], '0.labels must be an object of names and templates'],
    [[{ name: 'm', key: 'k', labels: { a: 5 } }], '0.labels.a must be a string'],
    ['[{"name":"m","key":"k","labels":{"__proto__":{"a":"{a}"}}}]', '0.labels.__proto__ must be a string'],
    [
      '[{"name":"m","key":"k","match":{"__proto__":{"a":"b"}}}]',
      '0.match.__proto__ must be a text, a number, true, false, or an array of those',
    ],
    [[{ name: 'm', key: 'k', records: '{a}' }], '0.records must be the path of a field, without braces'],
    [[{ name: 'm', key: 'k', repeat: 'never' }], '0.repeat must be once or count'],
    [
      [{ name: 'm', key: 'k', vlaue: '{a}' }],
      '0 has unknown fields vlaue: use name, match, key, value, scale, labels, at, id, records and repeat',
    ],
    [
      [
        { name: 'm', key: 'k' },
        { name: 'm', key: 'l' },
      ],
      '1.name must differ from the other names',
    ],
  ])('names the fault of %j', (meters, fault) => {
    expect(faultsOf(meters)).toEqual([fault])
  })

  test('names every fault at once', () => {
    expect(
      faultsOf([
        { name: 'a', key: '{}', at: 'x' },
        { name: 'b', key: 'k', id: 'y' },
      ]),
    ).toHaveLength(3)
  })

  test('[N1] a meter has another text when it counts otherwise, and the same one whatever its name and order', () => {
    const base = textOf({})
    expect(textOf({ name: 'other' })).toBe(base)
    expect(textOf({ scale: 1, repeat: 'once' })).toBe(base)
    expect(textOf({ match: { a: '1', b: '2' } })).toBe(textOf({ match: { b: ['2'], a: ['1'] } }))
    const others = [
      { key: 'l' },
      { match: { a: '1' } },
      { value: '{v}' },
      { value: '{v}', scale: 100 },
      { at: '{v}' },
      { id: '{v}' },
      { records: 'v' },
      { repeat: 'count' },
    ].map(textOf)
    expect(new Set([base, ...others]).size).toBe(others.length + 1)
  })
})

test('a label may be called __proto__', () => {
  const [meter] = metersSchema.parse('[{"name":"m","key":"k","labels":{"__proto__":"{plan}","a":"{a}"}}]')
  const reading = meter?.read({ plan: 'pro', a: 'b' })
  const labels = reading?.kind === 'increment' ? reading.labels : undefined
  expect(Object.entries(labels ?? {})).toEqual([
    ['__proto__', 'pro'],
    ['a', 'b'],
  ])
})

describe('match', () => {
  const kindOf = (match: object, record: object) =>
    metersSchema.parse(JSON.stringify([{ name: 'm', key: 'k', match }]))[0]?.read(record).kind

  test.each<[object, object, boolean]>([
    [{ type: 'track' }, { type: 'track' }, true],
    [{ type: 'track' }, { type: 'page' }, false],
    [{ type: ['track', 'page'] }, { type: 'page' }, true],
    [{ type: 'track', status: 200 }, { type: 'track', status: '200' }, true],
    [{ type: 'track', status: 200 }, { type: 'track', status: 404 }, false],
    [{ 'url|path': '/blog/*' }, { url: 'https://x/blog/a?b' }, true],
    [{ 'url|path': '/blog/*' }, { url: 'https://x/about' }, false],
    [{ bot: '' }, { type: 'track' }, true],
    [{ bot: '' }, { bot: 'x' }, false],
    [{ isPaid: true }, { isPaid: true }, true],
    [{ type: '*' }, {}, false],
    [JSON.parse('{"__proto__":"a"}'), JSON.parse('{"__proto__":"a"}'), true],
    [JSON.parse('{"__proto__":"a"}'), { type: 'a' }, false],
  ])('%j takes %j: %s', (match, record, isTaken) => {
    expect(kindOf(match, record)).toBe(isTaken ? 'increment' : 'unmatched')
  })
})
