/** Parses CSV by RFC 4180, and nothing more lenient. Written from the grammar, without a look at the writer. */
export function parseCsv(text: string): string[][] {
  const rows: string[][] = []
  let at = 0
  while (at < text.length) {
    const row: string[] = []
    for (;;) {
      const [field = ''] = /^"(?:[^"]|"")*"|^[^",\r\n]*/.exec(text.slice(at)) ?? []
      at += field.length
      row.push(field.startsWith('"') ? field.slice(1, -1).replaceAll('""', '"') : field)
      if (text[at] !== ',') break
      at += 1
    }
    if (text.slice(at, at + 2) !== '\r\n')
      throw new Error(`no end of a row at ${at}: ${text.slice(at, at + 20)}`)
    at += 2
    rows.push(row)
  }
  return rows
}

/** A text as it was before it was made safe for spreadsheets, as docs/api.md says. */
export function textOf(cell: string): string {
  return cell.replace(/^'/, '')
}
