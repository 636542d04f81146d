import { useState } from 'preact/hooks'
import type { StatusAnswer } from '../../../edge/operate/status.ts'
import { ask, failureFrom } from '../../data/api.ts'
import { auditWords, daysWords } from './audit-words.ts'

/** A button that compares the shards with Postgres's ledger. It queries Postgres, so only on demand. */
export function Audit() {
  const [answer, setAnswer] = useState<string>()
  const [isBusy, setIsBusy] = useState(false)
  const audit = async () => {
    setIsBusy(true)
    try {
      const status = await ask<StatusAnswer>('/status?ledger=1&days=1')
      setAnswer([auditWords(status), ...daysWords(status)].join('. '))
    } catch (error) {
      setAnswer(failureFrom(error).detail)
    }
    setIsBusy(false)
  }
  return (
    <section class="card" aria-labelledby="audit">
      <h2 id="audit">Audit against Postgres</h2>
      <p>
        Compares what each shard says it has settled with Postgres's ledger, and says through when days are
        made. This queries Postgres twice.
      </p>
      <p>
        <button type="button" disabled={isBusy} onClick={() => void audit()}>
          {isBusy ? 'Asking' : 'Audit now'}
        </button>
        <span role="status" class="hint">
          {answer}
        </span>
      </p>
    </section>
  )
}
