import { useEffect, useRef, useState } from 'preact/hooks'
import type { Rows } from '../../model/text/csv.ts'
import { failureFrom } from '../data/api.ts'
import { download } from '../data/download.ts'
import { grouped } from '../data/numbers.ts'
import { CSV_KEYS_MAX } from '../data/read.ts'

type CsvOfAllProps = {
  /** The name of the file. */
  readonly file: string
  /** The rows under the head, and whether they are all there are. */
  readonly read: (signal: AbortSignal) => Promise<{ readonly rows: Rows; readonly isWhole: boolean }>
  readonly head: Rows[number]
}

/** A button that saves all rows, also those that are not on the page. It reads them from Postgres in pages. */
export function CsvOfAll({ file, read, head }: CsvOfAllProps) {
  const [said, setSaid] = useState('')
  const [isBusy, setIsBusy] = useState(false)
  const abort = useRef<AbortController>(undefined)
  useEffect(() => () => abort.current?.abort(), [])
  const save = async () => {
    abort.current = new AbortController()
    setIsBusy(true)
    setSaid('')
    try {
      const { rows, isWhole } = await read(abort.current.signal)
      download(file, [head, ...rows])
      const count = `${grouped(rows.length)} ${rows.length === 1 ? 'row' : 'rows'}, as Postgres has them`
      setSaid(
        isWhole ? count : `${count}: no more than ${grouped(CSV_KEYS_MAX)} at a time. Narrow the prefix.`,
      )
    } catch (error) {
      setSaid(failureFrom(error).detail)
    }
    setIsBusy(false)
  }
  return (
    <>
      <button type="button" class="quiet" disabled={isBusy} onClick={() => void save()}>
        {isBusy ? 'Reading all rows' : 'Download CSV of all'}
      </button>
      <span role="status" class="hint">
        {said}
      </span>
    </>
  )
}
