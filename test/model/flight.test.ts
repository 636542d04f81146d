import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Accumulator } from '../../src/model/accumulator.ts'
import { cellOf } from '../../src/model/cell.ts'
import { Cells } from '../../src/model/cells.ts'
import { entryBytes, idOfIncrement } from '../../src/model/entry.ts'
import { encodeFlight, readFlight, UnknownVersion } from '../../src/model/flight.ts'
import { labelsText } from '../../src/model/slices/slice.ts'
import { utf8Bytes } from '../../src/model/text/utf8.ts'
import { keyedCells, keys, values } from '../support/arbitraries.ts'

const cellsList = keyedCells.map((list) => Cells.of(list))
const namedEntries = fc.record({ id: fc.string(), content: fc.string(), cells: cellsList })
const names = fc.option(fc.record({ sender: fc.uuid(), n: fc.nat() }))

describe('a flight', () => {
  test('[J1] decodes to what was encoded, whatever its cells', () => {
    fc.assert(
      fc.property(names, cellsList, fc.array(namedEntries, { maxLength: 4 }), (name, cells, named) => {
        expect(readFlight(encodeFlight(name, cells, named))).toEqual({ name, cells, named, hasLabels: false })
      }),
    )
  })

  test('[J1] has the version that knows labels where a key has some, and only there', () => {
    const version = (keys: string[]) => {
      const cells = Cells.of(keys.map((key) => [key, cellOf(1)] as const))
      const inCells = encodeFlight(null, cells)
      const inNamed = encodeFlight(null, new Cells(), [{ id: 'i', content: 'c', cells }])
      expect(readFlight(inCells).cells).toEqual(cells)
      expect(readFlight(inNamed).named[0]?.cells).toEqual(cells)
      return [inCells, inNamed].map((text) => [JSON.parse(text).v, readFlight(text).hasLabels])
    }
    const old = [1, false]
    expect(version(['a', 'b"', 'ü', String.raw`a\u001fb=c`])).toEqual([old, old])
    const labelled = [2, true]
    expect(version(['a', `b${labelsText({ plan: 'pro' })}`])).toEqual([labelled, labelled])
  })

  test('[I5] takes no more bytes than its named entries were measured with, whatever their labels', () => {
    const value = fc.string({
      unit: fc.constantFrom('"', '\\', 'é', '漢', '𝄞', 'a'),
      minLength: 1,
      maxLength: 40,
    })
    const labels = fc
      .dictionary(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'), value)
      .map(labelsText)
    const one = fc.tuple(keys, labels, values).map(([key, text, value]) => ({
      id: idOfIncrement('x'.repeat(64), key),
      content: `${value}${text}`,
      cells: Cells.of([[key + text, cellOf(value)]]),
    }))
    fc.assert(
      fc.property(fc.array(one, { minLength: 1, maxLength: 9 }), (named) => {
        const without = encodeFlight(null, new Cells()).length
        const bytes = named.reduce((sum, entry) => sum + entryBytes(entry), without)
        expect(utf8Bytes(encodeFlight(null, new Cells(), named))).toBeLessThanOrEqual(bytes)
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
    ['a later version', '{"v":3,"name":null,"cells":[[],[],[],[],[]]}'],
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
