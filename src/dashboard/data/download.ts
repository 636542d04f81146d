import { csv, type Rows } from '../../model/text/csv.ts'

/** Without it, spreadsheets do not read a file as UTF-8, and umlauts come out broken. */
const BYTE_ORDER_MARK = '\uFEFF'

/** Rows as a CSV file that the browser saves. */
export function download(name: string, rows: Rows): void {
  const url = URL.createObjectURL(new Blob([BYTE_ORDER_MARK, csv(rows)], { type: 'text/csv;charset=utf-8' }))
  Object.assign(document.createElement('a'), { href: url, download: name }).click()
  setTimeout(() => URL.revokeObjectURL(url), 10_000)
}
