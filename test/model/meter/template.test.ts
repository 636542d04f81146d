import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { KEY_BYTES_MAX } from '../../../src/limits.ts'
import { keyFault } from '../../../src/model/key.ts'
import { fitKey } from '../../../src/model/meter/fit-key.ts'
import { compileTemplate } from '../../../src/model/meter/template.ts'
import { utf8Bytes } from '../../../src/model/text/utf8.ts'
import { badOf, goodOf } from '../../support/result.ts'

const read = (template: string, record: unknown) => goodOf(compileTemplate(template)).read(record)

describe('a template', () => {
  const RECORD = {
    host: 'Example.COM',
    url: 'https://User@Shop.Example.com:8443/blog/2026/11?page=2#top',
    uri: '/a/b/c?d',
    data: { items: [{ sku: 'x1' }, { sku: 'x2' }], plan: null, isPaid: true, 'a.b': 'dotted' },
    resource: { 'service.name': 'shop', service: { name: 'not this one' } },
    empty: '',
    n: 12.5,
    id: 2n ** 63n,
    time: new Date(Date.UTC(2026, 10, 30, 20, 15)),
    never: new Date(Number.NaN),
  }

  test.each([
    ['requests/{host}', 'requests/Example.COM'],
    ['{host|lower}', 'example.com'],
    ['{url|host}{url|path}', 'shop.example.com/blog/2026/11'],
    ['{uri|path|segments:2}', '/a/b'],
    ['{uri|path|segments:9}', '/a/b/c'],
    ['items/{data.items.1.sku}', 'items/x2'],
    ['{data.isPaid}/{n}', 'true/12.5'],
    ['{data.a.b}', 'dotted'],
    ['{id}/{time}', '9223372036854775808/2026-11-30T20:15:00.000Z'],
    ['{resource.service.name}', 'shop'],
    ['{data.plan|or:free}/{nothing|path|or:none}/{empty|or:-}', 'free/none/-'],
    ['fixed', 'fixed'],
  ])('%s makes %s', (template, text) => {
    expect(read(template, RECORD)).toBe(text)
  })

  test.each([
    ['{gone}', 'gone', 'is missing'],
    ['{data.gone.deep}', 'data.gone.deep', 'is missing'],
    ['{data.plan}', 'data.plan', 'is missing'],
    ['{empty}', 'empty', 'is empty'],
    ['{data}', 'data', 'must be a text or a number, and is an object or array'],
    ['{constructor}', 'constructor', 'is missing'],
    ['{__proto__.x}', '__proto__.x', 'is missing'],
    ['{never}', 'never', 'must be a text or a number, and is an object or array'],
    ['{host.length}', 'host.length', 'is missing'],
  ])('%s says what a record lacks', (template, path, message) => {
    expect(read(template, RECORD)).toEqual({ path, message })
  })

  test.each([
    ['a{b', 'a brace is left over'],
    ['a}b', 'a brace is left over'],
    ['{}', 'braces must hold the name of a field: {path}'],
    ['{a|shout}', 'has no filter `shout`: there are path, host, lower, segments:N and or:TEXT'],
    ['{a|segments:0}', ': the filter segments takes a number from 1 to 99: {path|segments:2}'],
    ['{a|or}', 'the filter or takes a text: {country|or:unknown}'],
    ['', 'must not be empty'],
    ['a\u0007{b}', 'must not contain control characters'],
  ])('%j is refused for what is wrong with it', (template, fault) => {
    expect(badOf(compileTemplate(template))).toBe(fault)
  })
})

describe('a key', () => {
  const hash = (text: string) => text.length.toString(16).padStart(16, '0')

  test('of any text fits, and stays as it is when it is good', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 700 }), (text) => {
        const key = fitKey(text, hash)
        expect(keyFault(key)).toBeUndefined()
        if (keyFault(text) === undefined) expect(key).toBe(text)
      }),
    )
  })

  test('with control characters has their bytes in digits instead, each time', () => {
    expect(fitKey('a\nb\n\u0085c\u0085', hash)).toBe('a%0Ab%0A%C2%85c%C2%85')
  })

  test('that is too long ends with its hash, so that two that begin alike stay two', () => {
    const long = (end: string) => fitKey(`${'é'.repeat(300)}${end}`, hash)
    expect(utf8Bytes(long('a'))).toBeLessThanOrEqual(KEY_BYTES_MAX)
    expect(long('a')).not.toBe(long('bb'))
  })
})
