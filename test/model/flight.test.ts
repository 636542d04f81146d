import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Accumulator, countIncrements } from '../../src/model/accumulator.ts'
import { decodeFlight, encodeFlight, readFlight, UnknownVersion } from '../../src/model/flight.ts'
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

  test('[J1] [A2] as columns holds the same, and adds up to the same', () => {
    fc.assert(
      fc.property(keyedCells, keyedCells, (some, others) => {
        const [read, objects] = [new Accumulator(), new Accumulator()]
        for (const cells of [some, others]) {
          const { cells: columns } = readFlight(encodeFlight({ name: null, cells }))
          expect([...columns]).toEqual(cells)
          expect(countIncrements(columns)).toBe(countIncrements(cells))
          read.addAll(columns)
          objects.addAll(cells)
        }
        expect([...read]).toEqual([...objects])
        expect([read.bytes, read.increments]).toEqual([objects.bytes, objects.increments])
        expect(encodeFlight({ name: null, cells: read })).toBe(
          encodeFlight({ name: null, cells: [...objects] }),
        )
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
    ['a key that is no text', '{"v":1,"name":null,"cells":[[7],[1],[1],[1],[1]]}'],
    ['a count that is not whole', '{"v":1,"name":null,"cells":[["a"],[1],[1.5],[1],[1]]}'],
    ['a minimum that is none', '{"v":1,"name":null,"cells":[["a"],[1],[1],[null],[1]]}'],
    ['a maximum that is text', '{"v":1,"name":null,"cells":[["a"],[1],[1],[1],["1"]]}'],
    ['a sum that was rounded', '{"v":1,"name":null,"cells":[["a"],[9007199254740993],[1],[1],[1]]}'],
    ['a named entry of another form', '{"v":1,"name":null,"cells":[[],[],[],[],[]],"named":[["x",1,[]]]}'],
    ['no object', '[]'],
  ])('[J1] refuses %s and guesses nothing', (_, text) => {
    expect(() => decodeFlight(text)).toThrow(UnknownVersion)
  })
})
