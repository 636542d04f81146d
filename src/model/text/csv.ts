/** A table, whose first row has the names of the columns. */
export type CsvRows = readonly (readonly (string | bigint | number | boolean | null)[])[]

/**
 * CSV by RFC 4180, in lines that end with CR LF; null is an empty cell.
 *
 * A text that a spreadsheet would run as a formula gets a `'` in front, and so does one that begins with `'`. So whoever drops
 * the first `'` of a text has the text as it was.
 */
export function csv(rows: CsvRows): string {
  return rows.map((row) => `${row.map(cell).join(',')}\r\n`).join('')
}

/** Blanks before the sign count too, and full-width signs: some spreadsheets read them as the plain ones. */
const RUNS_OR_BEGINS_WITH_QUOTE = /^(?:'|\s*[=+\-@＝＋－＠]|[\t\r\n])/

/** `;` and tab part cells too in spreadsheets of some languages, and some parsers drop blanks at the ends. */
const NEEDS_QUOTES = /[",;\t\r\n]|^\s|\s$/

function cell(value: CsvRows[number][number]): string {
  if (value === null) return ''
  if (typeof value !== 'string') return String(value)
  const text = RUNS_OR_BEGINS_WITH_QUOTE.test(value) ? `'${value}` : value
  return NEEDS_QUOTES.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
