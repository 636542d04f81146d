/** Without it, spreadsheets do not read a file as UTF-8, and umlauts come out broken. */
const BYTE_ORDER_MARK = '\uFEFF'

/** A table in CSV as a file that the browser saves. */
export function download(name: string, csv: string): void {
  const url = URL.createObjectURL(new Blob([BYTE_ORDER_MARK, csv], { type: 'text/csv;charset=utf-8' }))
  Object.assign(document.createElement('a'), { href: url, download: name }).click()
  setTimeout(() => URL.revokeObjectURL(url), 10_000)
}
