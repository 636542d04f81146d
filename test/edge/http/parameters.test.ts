import { expect, test } from 'vitest'
import { parseParameters, refuseQuery } from '../../../src/edge/http/parameters.ts'
import { counterParameters } from '../../../src/edge/read/query.ts'
import { badOf } from '../../support/result.ts'

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
  ['?keys=a', 'keys', expect.stringContaining('is not a parameter here: use key, from, to')],
])('%s is told by the name that was written', (search, parameter, fault) => {
  expect(badOf(parseParameters(search, counterParameters))).toEqual({
    kind: 'invalid_parameter',
    parameter,
    fault,
  })
})
