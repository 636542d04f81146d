/** A first row of names, then one for each line. */
export type Rows = readonly (readonly (string | bigint | number | null)[])[]

/** RFC 4180, with the line ends that it asks for. A cell that a spreadsheet would run as a formula gets a quote before it. */
export function csv(rows: Rows): string {
  return rows.map((row) => `${row.map(cell).join(',')}\r\n`).join('')
}

function cell(value: string | bigint | number | null): string {
  if (value === null) return ''
  if (typeof value !== 'string') return String(value)
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
