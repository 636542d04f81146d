/** Rows of a table, the first with the names of the columns. */
export type Rows = readonly (readonly (string | bigint | number | null)[])[]

/**
 * CSV by RFC 4180, lines ended by CR LF. A text that a spreadsheet would run as a formula gets a quote in front. It begins
 * with a byte order mark: without one, spreadsheets do not read it as UTF-8, and umlauts come out broken.
 */
export function csv(rows: Rows): string {
  return `\uFEFF${rows.map((row) => `${row.map(cell).join(',')}\r\n`).join('')}`
}

function cell(value: string | bigint | number | null): string {
  if (value === null) return ''
  if (typeof value !== 'string') return String(value)
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
