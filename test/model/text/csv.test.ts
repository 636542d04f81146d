import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { csv } from '../../../src/model/text/csv.ts'
import { parseCsv, textOf } from '../../support/parse-csv.ts'

/** Any text, and many that begin or part a cell. */
const texts = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc
    .array(fc.constantFrom(...'=+-@＝＋－＠\'",;\t\r\n \u00A0\uFEFFa1(|', 'é', '漢'), { maxLength: 6 })
    .map((parts) => parts.join('')),
)

/** Whether a spreadsheet could run a cell, if it takes blanks away, and full-width signs for the plain ones. */
function couldRun(cell: string): boolean {
  return [...'=+-@＝＋－＠'].some((sign) => cell.trim().startsWith(sign))
}

describe('CSV', () => {
  test('keeps every cell apart, exact, whatever keys are called', () => {
    expect(
      csv([
        ['key', 'sum', 'isKey', 'min'],
        ['a,"b"\n', 2n ** 70n, true, null],
        ['-1', -1n, false, -7],
      ]),
    ).toBe('key,sum,isKey,min\r\n"a,""b""\n",1180591620717411303424,true,\r\n\'-1,-1,false,-7\r\n')
  })

  test('read back, it is the texts that were written', () => {
    const tables = fc
      .integer({ min: 1, max: 4 })
      .chain((width) => fc.array(fc.array(texts, { minLength: width, maxLength: width })))
    fc.assert(
      fc.property(tables, (rows) => {
        expect(parseCsv(csv(rows)).map((row) => row.map(textOf))).toEqual(rows)
      }),
    )
  })

  test.each(['=HYPERLINK("x")', '+1', '-1', '@a', '\t=1', '\r=1', ' =1', '＝1', "'=1"])(
    'runs nothing in a spreadsheet: %j',
    (key) => {
      expect(parseCsv(csv([[key]]))).toEqual([[`'${key}`]])
      expect(csv([[-1n]])).toBe('-1\r\n')
    },
  )

  test('runs nothing in a spreadsheet, however it parts cells', () => {
    fc.assert(
      fc.property(
        fc.array(texts, { minLength: 1, maxLength: 4 }),
        fc.constantFrom(',', ';', '\t'),
        (row, comma) => {
          const cells = cellsApart(csv([row]), comma)
          expect(cells.filter(couldRun)).toEqual([])
        },
      ),
      { numRuns: 2_000 },
    )
  })
})

/** Cells as a spreadsheet finds them that parts by another character than the comma, and only outside of quotes. */
function cellsApart(text: string, comma: string): string[] {
  const fields = text.trimEnd().match(new RegExp(`(?:"(?:[^"]|"")*"|[^"${comma}\r\n])*`, 'g')) ?? []
  return fields.map((field) =>
    field.replace(/^"((?:[^"]|"")*)"$/, (_, inner: string) => inner.replaceAll('""', '"')),
  )
}
