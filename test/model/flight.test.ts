import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Accumulator } from '../../src/model/accumulator.ts'
import { Cells } from '../../src/model/cells.ts'
import { encodeFlight, readFlight, UnknownVersion } from '../../src/model/flight.ts'
import { keyedCells } from '../support/arbitraries.ts'

const cellsList = keyedCells.map((list) => Cells.of(list))
const namedEntries = fc.record({ id: fc.string(), content: fc.string(), cells: cellsList })
const names = fc.option(fc.record({ sender: fc.uuid(), n: fc.nat() }))

describe('a flight', () => {
  test('[J1] decodes to what was encoded, whatever its cells', () => {
    fc.assert(
      fc.property(names, cellsList, fc.array(namedEntries, { maxLength: 4 }), (name, cells, named) => {
        expect(readFlight(encodeFlight(name, cells, named))).toEqual({ name, cells, named })
      }),
    )
  })

  test('[J1] [A2] that was sent adds up to what was in it, at any size', () => {
    fc.assert(
      fc.property(cellsList, cellsList, (some, others) => {
        const [sent, kept] = [new Accumulator(), new Accumulator()]
        for (const cells of [some, others]) {
          sent.addCells(readFlight(encodeFlight(null, cells)).cells)
          kept.addCells(cells)
        }
        expect([...sent.cells]).toEqual([...kept.cells])
        expect([sent.bytes, sent.increments]).toEqual([kept.bytes, kept.increments])
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
    expect(() => readFlight(text)).toThrow(UnknownVersion)
  })
})
