import { useEffect, useRef, useState } from 'preact/hooks'
import { failureFrom } from '../../data/api.ts'
import { download } from '../../data/download.ts'

type CsvButtonProps = {
  readonly words: string
  /** The name of the file. */
  readonly file: string
  /** Reads the file's text, and what is said of it once it is saved. */
  readonly read: (signal: AbortSignal) => Promise<{ readonly csv: string; readonly said: string }>
}

/** A button that saves a table, which it reads first. */
export function CsvButton({ words, file, read }: CsvButtonProps) {
  const [said, setSaid] = useState('')
  const [isBusy, setIsBusy] = useState(false)
  const abort = useRef<AbortController>(undefined)
  useEffect(() => () => abort.current?.abort(), [])
  const save = async () => {
    abort.current = new AbortController()
    setIsBusy(true)
    setSaid('')
    try {
      const answer = await read(abort.current.signal)
      download(file, answer.csv)
      setSaid(answer.said)
    } catch (error) {
      setSaid(failureFrom(error).detail)
    }
    setIsBusy(false)
  }
  return (
    <>
      <button type="button" class="quiet" disabled={isBusy} onClick={() => void save()}>
        {isBusy ? 'Reading all rows' : words}
      </button>
      <span role="status" class="hint">
        {said}
      </span>
    </>
  )
}
