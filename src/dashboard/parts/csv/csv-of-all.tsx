import { type CsvRows, csv } from '../../../model/text/csv.ts'
import { grouped } from '../../data/numbers.ts'
import { CSV_KEYS_MAX } from '../../data/read.ts'
import { CsvButton } from './csv-button.tsx'

type CsvOfAllProps = {
  /** The name of the file. */
  readonly file: string
  /** The rows under the head, and whether they are all there are. */
  readonly read: (signal: AbortSignal) => Promise<{ readonly rows: CsvRows; readonly isWhole: boolean }>
  readonly head: CsvRows[number]
}

/** A button that saves all rows, also those that are not on the page. It reads them from Postgres in pages. */
export function CsvOfAll({ file, read, head }: CsvOfAllProps) {
  const readAll = async (signal: AbortSignal) => {
    const { rows, isWhole } = await read(signal)
    const count = `${grouped(rows.length)} ${rows.length === 1 ? 'row' : 'rows'}, as Postgres has them`
    const said = isWhole
      ? count
      : `${count}: no more than ${grouped(CSV_KEYS_MAX)} at a time. Narrow the prefix.`
    return { csv: csv([head, ...rows]), said }
  }
  return <CsvButton words="Download CSV of all" file={file} read={readAll} />
}
