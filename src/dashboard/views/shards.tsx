import { useEffect, useState } from 'preact/hooks'
import { addHours, formatHour, hourOf } from '../../model/hour.ts'
import type { HourAnswer, ShardStatus, Status } from '../answers.ts'
import { ask, failureFrom } from '../api.ts'
import { usePage } from '../context.ts'
import { useAsked, useEvery } from '../hooks.ts'
import { bytes, duration, grouped } from '../numbers.ts'
import { Figure } from '../parts/figure.tsx'
import { Scrolls } from '../parts/scrolls.tsx'
import { Failed, Loading } from '../parts/states.tsx'
import { momentWords } from '../time.ts'
import { Stat, useOver } from './top.tsx'

/** How often the shards are asked. No SQL is. */
const EVERY_MS = 3_000

const HOURS_EVERY_MS = 15_000

/** Hours that are told of: the last, and those about the time at which hours close. */
const LAST_HOURS = 3
const CLOSED_HOURS = 3

/** Further back than this, as for an import of old logs, nothing closes that anybody waits for. */
const LATE_HOURS_SHOWN_MAX = 24 * 60

/** Lag, backlog, parked cells, the audit, and which hours are final. */
export function ShardsView() {
  const { session } = usePage()
  const isWhole = session.prefix === null
  const hours = useAsked('hours', (signal) => readHours(signal))
  const status = useAsked('status', async (signal) => (isWhole ? ask<Status>('/status', { signal }) : null))
  useEvery(EVERY_MS, async () => status.again())
  useEvery(HOURS_EVERY_MS, async () => hours.again())
  useOver(status.failure ?? hours.failure)
  const failure = status.failure ?? hours.failure
  return (
    <>
      <div class="head">
        <h1>Health</h1>
      </div>
      {failure !== undefined ? <Failed failure={failure} again={status.again} /> : null}
      {status.value === undefined && failure === undefined ? <Loading isSlow={status.isSlow} /> : null}
      {status.value === undefined || status.value === null ? null : (
        <>
          <Verdict status={status.value} />
          <Parked status={status.value} again={status.again} />
          <Shards status={status.value} />
          <Audit />
        </>
      )}
      {hours.value === undefined ? null : <Hours hours={hours.value} />}
      {isWhole ? null : <p class="hint">What tells of all keys takes a token without a prefix.</p>}
    </>
  )
}

async function readHours(signal: AbortSignal): Promise<HourAnswer[]> {
  const now = hourOf(Date.now())
  const read = (back: number) => ask<HourAnswer>(`/hours/${formatHour(addHours(now, -back))}`, { signal })
  const last = await Promise.all(Array.from({ length: LAST_HOURS }, (_, back) => read(back)))
  const late = hourOf(Date.parse(last[0]?.closesAt ?? '')) - now - 1
  if (!(late >= LAST_HOURS && late <= LATE_HOURS_SHOWN_MAX)) return last
  return [...last, ...(await Promise.all(Array.from({ length: CLOSED_HOURS }, (_, i) => read(late + i))))]
}

function knownOf({ shards }: Status): ShardStatus[] {
  return shards.flatMap((shard) => ('error' in shard ? [] : [shard]))
}

function Verdict({ status }: { readonly status: Status }) {
  const known = knownOf(status)
  const parked = known.reduce((sum, shard) => sum + shard.parked.increments, 0)
  const faults = known.filter(({ fault }) => fault !== null).length
  const silent = status.shards.length - known.length
  const troubles = [
    ...(status.isConserved ? [] : ['the sums of a shard do not add up, which is a bug']),
    ...(faults > 0 ? [`flushes fail in ${faults} of ${known.length} shards`] : []),
    ...(parked > 0
      ? [parked === 1 ? '1 increment is parked' : `${grouped(parked)} increments are parked`]
      : []),
    ...(silent > 0 ? [`${silent} shards do not answer`] : []),
  ]
  const isWell = troubles.length === 0
  return (
    <section class="card" aria-label="Now">
      <p class={`verdict ${isWell ? 'is-well' : 'is-ill'}`}>
        <span class="sign" aria-hidden="true">
          {isWell ? '✓' : '!'}
        </span>
        {isWell ? 'All is well' : `Look at this: ${troubles.join('; ')}`}
      </p>
      <dl class="stats">
        <Stat words="Lag" note="the oldest on its way">
          <span class="figure">{duration(status.lagMs)}</span>
        </Stat>
        <Stat words="Backlog" note="increments on their way">
          <Figure n={status.pending} />
        </Stat>
        <Stat words="Parked" note="refused by Postgres">
          <Figure n={parked} />
        </Stat>
        <Stat words="Conservation" note="accepted = settled + held">
          <span class="figure">{status.isConserved ? 'holds' : 'broken'}</span>
        </Stat>
      </dl>
    </section>
  )
}

type Decision = { readonly shard: string; readonly key: string; readonly action: 'retry' | 'discard' }

function Parked({ status, again }: { readonly status: Status; readonly again: () => void }) {
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
      setSaid(action === 'retry' ? `${key}: Postgres is asked once more.` : `${key}: discarded.`)
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
          {parked.map(({ shard, key, reason, sinceMs }) => (
            <tr key={`${shard} ${key}`}>
              <th scope="row">
                {key}
                <span class="hint"> {shard}</span>
              </th>
              <td class="words">{reason}</td>
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

function Shards({ status }: { readonly status: Status }) {
  return (
    <Scrolls labelledBy="shards">
      <h2 id="shards">Shards</h2>
      <table class="figures">
        <thead>
          <tr>
            <th scope="col">Shard</th>
            {['Accepted', 'Settled', 'Frozen', 'Open', 'Journal', 'Lag'].map((words) => (
              <th key={words} scope="col" class="number">
                {words}
              </th>
            ))}
            <th scope="col">Last fault</th>
          </tr>
        </thead>
        <tbody>
          {status.shards.map((shard) =>
            'error' in shard ? (
              <tr key={shard.shard}>
                <th scope="row">{shard.shard}</th>
                <td colSpan={7}>{shard.error}</td>
              </tr>
            ) : (
              <ShardRow key={shard.shard} shard={shard} />
            ),
          )}
        </tbody>
      </table>
    </Scrolls>
  )
}

function ShardRow({ shard }: { readonly shard: ShardStatus }) {
  const figures = [
    grouped(shard.accepted),
    grouped(shard.settled),
    grouped(shard.frozen.increments),
    grouped(shard.open.increments),
    bytes(shard.journalBytes),
    duration(shard.lagMs),
  ]
  return (
    <tr>
      <th scope="row">{shard.shard}</th>
      {figures.map((words, i) => (
        <td key={i} class="number">
          {words}
        </td>
      ))}
      <td class="words">
        {shard.fault === null ? '' : `${shard.fault.reason} (${shard.fault.failures} in a row)`}
        {shard.moved === null ? '' : ` moved on: ${shard.moved.reason}`}
      </td>
    </tr>
  )
}

/** It asks Postgres, so only when somebody wants to know. */
function Audit() {
  const [answer, setAnswer] = useState<string>()
  const [isBusy, setIsBusy] = useState(false)
  const audit = async () => {
    setIsBusy(true)
    try {
      setAnswer(auditWords(knownOf(await ask<Status>('/status?ledger=1'))))
    } catch (error) {
      setAnswer(failureFrom(error).detail)
    }
    setIsBusy(false)
  }
  return (
    <section class="card" aria-labelledby="audit">
      <h2 id="audit">Audit against Postgres</h2>
      <p>
        Sets what each shard says it has settled beside what Postgres's ledger has. It asks Postgres once.
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

function auditWords(shards: readonly ShardStatus[]): string {
  const wrong = shards.filter(({ ledger }) => ledger?.agrees === false)
  if (wrong.length > 0) return `Does not agree: ${wrong.map(({ shard }) => shard).join(', ')}`
  const increments = shards.reduce((sum, { ledger }) => sum + (ledger?.increments ?? 0), 0)
  return `Agrees: ${grouped(increments)} increments of ${shards.length} shards`
}

const STATES: Readonly<Record<HourAnswer['state'], string>> = {
  open: 'takes increments until',
  closing: 'final from',
  final: 'never changes again, since',
}

function Hours({ hours }: { readonly hours: readonly HourAnswer[] }) {
  const { zone } = usePage()
  return (
    <Scrolls labelledBy="hours">
      <h2 id="hours">Hours</h2>
      <table class="figures">
        <thead>
          <tr>
            <th scope="col">Hour</th>
            <th scope="col">State</th>
            <th scope="col" class="number">
              On their way
            </th>
            <th scope="col" class="number">
              Parked
            </th>
          </tr>
        </thead>
        <tbody>
          {hours.map(({ hour, state, closesAt, finalFrom, pending, parked }) => (
            <tr key={hour}>
              <th scope="row">{hour}</th>
              <td class="whole-line">
                <span class={`tag is-${state}`}>{state}</span>{' '}
                <span class="hint">
                  {STATES[state]} {momentWords(Date.parse(state === 'open' ? closesAt : finalFrom), zone)}
                </span>
              </td>
              <td class="number">{grouped(pending)}</td>
              <td class="number">{grouped(parked)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <AskHour />
    </Scrolls>
  )
}

/** May this hour be invoiced? */
function AskHour() {
  const { zone } = usePage()
  const [hour, setHour] = useState('')
  const [said, setSaid] = useState('')
  useEffect(() => setSaid(''), [hour])
  const onSubmit = async (event: SubmitEvent) => {
    event.preventDefault()
    try {
      const { state, closesAt, finalFrom } = await ask<HourAnswer>(`/hours/${encodeURIComponent(hour)}`)
      setSaid(
        `${state}: ${STATES[state]} ${momentWords(Date.parse(state === 'open' ? closesAt : finalFrom), zone)}`,
      )
    } catch (error) {
      setSaid(failureFrom(error).detail)
    }
  }
  return (
    <form class="ask" onSubmit={(event) => void onSubmit(event)}>
      <label>
        Is it final?{' '}
        <input
          type="text"
          placeholder="2026-11-21T20Z"
          required
          value={hour}
          onInput={({ currentTarget }) => setHour(currentTarget.value)}
        />
      </label>
      <button type="submit" class="quiet">
        Ask
      </button>
      <span role="status" class="hint">
        {said}
      </span>
    </form>
  )
}
