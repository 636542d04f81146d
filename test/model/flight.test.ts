import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeFlight, encodeFlight, UnknownVersion } from '../../src/model/flight.ts'
import { keyedCells } from '../support/arbitraries.ts'

const namedEntries = fc.record({ id: fc.string(), content: fc.string(), cells: keyedCells })
const names = fc.option(fc.record({ sender: fc.uuid(), n: fc.nat() }))

describe('a flight', () => {
  test('[J1] decodes to what was encoded, whatever its cells', () => {
    fc.assert(
      fc.property(names, keyedCells, fc.array(namedEntries, { maxLength: 4 }), (name, cells, named) => {
        const flight = named.length === 0 ? { name, cells } : { name, cells, named }
        expect(decodeFlight(encodeFlight(flight))).toEqual(flight)
      }),
    )
  })

  test.each([
    ['a later version', '{"v":2,"name":null,"cells":[[],[],[],[],[]]}'],
    ['no version', '{"name":null,"cells":[[],[],[],[],[]]}'],
    ['a column more', '{"v":1,"name":null,"cells":[[],[],[],[],[],[]]}'],
    ['a column too short', '{"v":1,"name":null,"cells":[["a"],[1],[1],[1],[]]}'],
    ['a name of another form', '{"v":1,"name":"me","cells":[[],[],[],[],[]]}'],
    ['a sum that is not whole', '{"v":1,"name":null,"cells":[["a"],[1.5],[1],[1],[1]]}'],
    ['a sum that was rounded', '{"v":1,"name":null,"cells":[["a"],[9007199254740993],[1],[1],[1]]}'],
    ['a named entry of another form', '{"v":1,"name":null,"cells":[[],[],[],[],[]],"named":[["x",1,[]]]}'],
    ['no object', '[]'],
  ])('[J1] refuses %s and guesses nothing', (_, text) => {
    expect(() => decodeFlight(text)).toThrow(UnknownVersion)
  })
})
