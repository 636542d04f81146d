import { expect, test } from 'vitest'
import { z } from 'zod'
import { keyOfPath, parseParameters, refuseQuery } from '../../../src/edge/http/parameters.ts'
import { counterParameters } from '../../../src/edge/read/query.ts'
import { badOf, goodOf } from '../../support/result.ts'

test('a parameter of an endpoint that has none is refused, because its sender expects that it changes something', () => {
  expect(refuseQuery('http://worker/increment?dryRun=1')).toEqual({
    kind: 'invalid_parameter',
    parameter: 'dryRun',
    fault: 'is not a parameter here: this endpoint has none',
  })
  expect(refuseQuery('http://worker/increment?')).toBeUndefined()
  expect(refuseQuery('http://worker/increment')).toBeUndefined()
})

test.each([
  ['?key[]=a&key[]=b', 'key[]', 'is not a parameter here: write `key=a&key=b` for several'],
  ['?key%5B0%5D=a', 'key[0]', 'is not a parameter here: write `key=a&key=b` for several'],
  ['?tz[]=UTC', 'tz[]', 'is not a parameter here: write `tz=a`'],
  ['?keys=a', 'keys', expect.stringContaining('is not a parameter here: use key, from, to')],
])('%s is told by the name that was written', (search, parameter, fault) => {
  expect(badOf(parseParameters(search, counterParameters))).toEqual({
    kind: 'invalid_parameter',
    parameter,
    fault,
  })
})

test.each([
  ['1732200000', 'must be in milliseconds, and looks like seconds: write 1732200000000'],
  ['20261101', 'must be in milliseconds, and looks like a date: write 2026-11-01'],
  ['2026', 'must be in milliseconds, and looks like a date: write 2026-01-01'],
  ['2026-02-30', expect.stringContaining('must be a date such as 2026-11-21, or an RFC 3339 time')],
  ['2026-11-01T00:00:00+05:30', "has a space in place of the offset's `+`: write it as %2B"],
  ['yesterday', expect.stringContaining('an RFC 3339 time such as')],
])('the time %s in a query is told how to be written', (from, fault) => {
  expect(badOf(parseParameters(`?key=a&from=${from}`, counterParameters))).toMatchObject({
    parameter: 'from',
    fault,
  })
})

test.each(['1732200000000', '0', '-86400000', '2026-11-01T00:00:00%2B05:30'])(
  'the time %s in a query is taken',
  (from) => {
    expect(goodOf(parseParameters(`?key=a&from=${from}`, counterParameters)).from).toEqual(expect.any(Number))
  },
)

test('a date in a query is taken as a day, because only the zone says when it begins', () => {
  expect(goodOf(parseParameters('?key=a&from=1970-01-03', counterParameters)).from).toEqual({ day: 2 })
})

test.each(['/counters/k/a/%2e%2e/b', '/counters/%2E%2E', '/counters/k/.%2e', '/counters/k/%2e/b?from=1'])(
  'a segment that URLs leave out is not answered for another key: %s',
  (path) => {
    expect(badOf(keyOfPath(`http://worker${path}`))).toMatchObject({
      parameter: 'key',
      fault: expect.stringContaining('has a segment `.` or `..`'),
    })
  },
)

test.each([
  ['/counters/a..b/...', 'a..b/...'],
  ['/counters/k/a%2F..%2Fb', 'k/a/../b'],
  ['/counters/k?from=/../', 'k'],
])('the key of %s is %s', (path, key) => {
  expect(goodOf(keyOfPath(`http://worker${path}`))).toBe(key)
})

test('what comes from the path is not advised for the query', () => {
  const shape = z.strictObject({ hour: z.string() })
  expect(badOf(parseParameters('?at=1', shape, { hour: '2026-11-21T20Z' }))).toMatchObject({
    fault: 'is not a parameter here: this endpoint has none',
  })
})

test('[I5] a long unknown name does not make a long answer', () => {
  expect(badOf(parseParameters(`?${'n'.repeat(10_000)}=1`, counterParameters))).toMatchObject({
    parameter: 'n'.repeat(32),
  })
})
