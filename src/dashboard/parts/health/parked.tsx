import { useState } from 'preact/hooks'
import type { StatusAnswer } from '../../../edge/operate/status.ts'
import { knownOf } from '../../data/answers.ts'
import { ask, failureFrom } from '../../data/api.ts'
import { usePage } from '../../data/context.ts'
import { momentWords } from '../../data/time.ts'
import { visible } from '../../data/visible.ts'
import { KeyName } from '../key-name.tsx'
import { Scrolls } from '../scrolls.tsx'

type Decision = { readonly shard: string; readonly key: string; readonly action: 'retry' | 'discard' }

/** Parked cells: what Postgres refused, and why. An administrator retries or discards each. */
export function Parked({ status, again }: { readonly status: StatusAnswer; readonly again: () => void }) {
  const { session, zone } = usePage()
  const [said, setSaid] = useState('')
  const [sure, setSure] = useState<string>()
  const parked = knownOf(status).flatMap(({ shard, parkedKeys }) =>
    parkedKeys.map((own) => ({ shard, ...own })),
  )
  const isAdmin = session.scopes.includes('admin')
  const decide = async ({ shard, key, action }: Decision) => {
    setSure(undefined)
    try {
      const body = JSON.stringify({ shard, keys: [key] })
      const headers = { 'content-type': 'application/json' }
      await ask(`/parked/${action}`, { method: 'POST', headers, body })
      setSaid(`${visible(key)}: ${action === 'retry' ? 'sent to Postgres again' : 'discarded'}.`)
    } catch (error) {
      setSaid(failureFrom(error).detail)
    }
    again()
  }
  if (parked.length === 0 && said === '') return null
  return (
    <Scrolls labelledBy="parked">
      <h2 id="parked">Parked</h2>
      <p role="status">{said}</p>
      <table class="figures">
        <thead>
          <tr>
            <th scope="col">Key</th>
            <th scope="col">Why</th>
            <th scope="col">Since</th>
            <th scope="col">{isAdmin ? <span class="unseen">Decide</span> : ''}</th>
          </tr>
        </thead>
        <tbody>
          {parked.map(({ shard, key, labels = {}, reason, sinceMs }) => (
            <tr key={JSON.stringify([shard, key, labels])}>
              <th scope="row">
                <KeyName name={key} />
                {Object.entries(labels).map(([name, value]) => (
                  <span key={name} class="hint">
                    {' '}
                    {name}: <KeyName name={value} />
                  </span>
                ))}
                <span class="hint"> {shard}</span>
              </th>
              <td class="words">
                <bdi>{reason}</bdi>
              </td>
              <td class="whole-line">{momentWords(sinceMs, zone)}</td>
              <td class="decide">
                {isAdmin ? (
                  <>
                    <button
                      type="button"
                      class="quiet"
                      onClick={() => void decide({ shard, key, action: 'retry' })}
                    >
                      Retry
                    </button>
                    {sure === `${shard} ${key}` ? (
                      <button
                        type="button"
                        class="danger"
                        onClick={() => void decide({ shard, key, action: 'discard' })}
                      >
                        Discard for good
                      </button>
                    ) : (
                      <button type="button" class="quiet" onClick={() => setSure(`${shard} ${key}`)}>
                        Discard…
                      </button>
                    )}
                  </>
                ) : null}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scrolls>
  )
}
