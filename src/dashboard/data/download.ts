import { csv, type Rows } from './csv.ts'

/** Rows as a CSV file that the browser saves. */
export function download(name: string, rows: Rows): void {
  const url = URL.createObjectURL(new Blob([csv(rows)], { type: 'text/csv;charset=utf-8' }))
  Object.assign(document.createElement('a'), { href: url, download: name }).click()
  setTimeout(() => URL.revokeObjectURL(url), 10_000)
}
